import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.billing import catalogue, tasks
from apps.billing.inbox import registry
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.models import PlanVersion
from apps.billing.selectors import version_of
from apps.billing.services import catalogue_load, plan_assign
from apps.common.database import system_connection
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.accounts.oidc.provider import serving
from tests.billing import stripe_requests
from tests.billing.stripe_double import StripeDouble, running
from tests.conftest import SYSTEM, World


@pytest.fixture(scope="session")
def stripe_at() -> Iterator[str]:
    """Where the sandbox's pages are, its Stripe among them, and the platform's own."""
    with serving() as port:
        yield f"http://localhost:{port}"


@pytest.fixture(autouse=True)
def _requests_noted() -> Iterator[None]:
    """What is sent to Stripe is known (stripe_requests.json)."""
    with stripe_requests.noted() as found:
        yield
    stripe_requests.check(found)


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


FRAME = re.compile(r"SAVEPOINT|^(BEGIN|COMMIT)")
Assign = Callable[..., PlanVersion]
Published = Callable[[], list[str]]


@pytest.fixture
def sold(world: World) -> None:
    """The catalogue of the repository is on sale."""
    catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)


@pytest.fixture
def assign(sold: None, acme: Tenant) -> Assign:
    """`assign("free")`: acme has that plan."""

    def make(code: str, *, tenant: Tenant = acme, is_comp: bool = False) -> PlanVersion:
        with system_connection():
            version = version_of(code)
        plan_assign(
            actor=SYSTEM,
            tenant_id=tenant.id,
            plan_version_id=version.id,
            is_comp=is_comp,
            reason="A test",
        )
        return version

    return make


@pytest.fixture
def published(world: World) -> Published:
    """Names of billing's events since the test began, in order."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0

    def names() -> list[str]:
        with system_connection():
            found = OutboxEvent.objects.filter(position__gt=start, name__startswith="billing.")
            return list(found.order_by("position").values_list("name", flat=True))

    return names


@pytest.fixture
def statements_of(db: None) -> Callable[[Callable[[], object]], int]:
    def count(act: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as captured:
            act()
        return len([q for q in captured if not FRAME.search(q["sql"])])

    return count
