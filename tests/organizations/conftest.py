from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import EmailDomain, Person
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.accounts.support import make_email_domain
from tests.conftest import make_person

Published = Callable[[], list[str]]


@pytest.fixture
def published(world: object) -> Published:
    """Names of the events since the test began, in order, without those of checklists, which follow."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(
        OutboxEvent.objects.filter(position__gt=start)
        .exclude(name__startswith="onboarding.")
        .order_by("position")
        .values_list("name", flat=True)
    )


@pytest.fixture
def dana(acme: Tenant) -> Person:
    """A person of acme.test who is no member."""
    return make_person("Dana Diaz", "dana@acme.test")


@pytest.fixture
def open_domain(acme: Tenant) -> Callable[..., EmailDomain]:
    """`open_domain("automatic")`: acme.test is acme's, and open."""

    def make(join_mode: str, tenant: Tenant = acme, **fields: Any) -> EmailDomain:
        return make_email_domain(tenant, verified=True, join_mode=join_mode, **fields)

    return make
