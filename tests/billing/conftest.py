from collections.abc import Iterator
from typing import Any

import pytest

from apps.billing import tasks
from apps.billing.inbox import registry
from apps.billing.inbox.registry import StripeChange, stripe_handler
from tests.billing.stripe_double import StripeDouble, running


@pytest.fixture
def stripe_double(settings: Any) -> Iterator[StripeDouble]:
    """Stripe, for as far as the inbox asks it."""
    with running() as double:
        settings.STRIPE_API_BASE = double.url
        yield double


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lanes that were queued; nobody works on them."""
    lanes: list[str] = []
    monkeypatch.setattr(
        tasks.sync_stripe_lane, "apply_async", lambda args, **_options: lanes.append(args[0])
    )
    monkeypatch.setattr(tasks.sync_stripe_lane, "delay", lanes.append)
    return lanes


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[StripeChange]:
    """What a handler of every event is told."""
    changes: list[StripeChange] = []
    monkeypatch.setattr(registry, "_handlers", list(registry._handlers))
    stripe_handler("*")(changes.append)
    return changes
