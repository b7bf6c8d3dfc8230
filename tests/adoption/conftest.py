from collections.abc import Iterator

import pytest

from apps.adoption import registry, surveys


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    """What a test declares is forgotten with it."""
    declared = dict(registry._features), dict(surveys._declared)
    yield
    for register, before in zip((registry._features, surveys._declared), declared, strict=True):
        register.clear()
        register.update(before)
