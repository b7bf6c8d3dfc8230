from collections.abc import Iterator

import pytest

from apps.accounts import keys
from tests.api.client import api, bearer

__all__ = ["api", "bearer"]


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    """No signing key is remembered that was rolled back with its test."""
    keys.forget()
    yield
    keys.forget()
