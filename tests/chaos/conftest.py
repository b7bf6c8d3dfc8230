import sys
from collections.abc import Callable

import pytest

from tests.billing.conftest import queued, sold, stripe_double

__all__ = ["queued", "sold", "stripe_double"]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Say what was measured, also where everything went well."""

    def write(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}\n")

    return write
