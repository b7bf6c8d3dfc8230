from collections.abc import Iterator

import pytest

from apps.adoption import registry, surveys
from apps.common import flags


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    """What a test declares is forgotten with it."""
    registers = (registry._features, surveys._declared, flags._declared)
    declared = [dict(one) for one in registers]
    yield
    for register, before in zip(registers, declared, strict=True):
        register.clear()
        register.update(before)
