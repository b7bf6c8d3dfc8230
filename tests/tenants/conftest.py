from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants.models import Domain, Tenant
from tests.api.client import api, bearer

__all__ = ["api", "bearer"]

Published = Callable[[], list[tuple[str, dict[str, Any]]]]
MakeDomain = Callable[..., Domain]


@pytest.fixture
def published(world: object) -> Published:
    """Names and payloads of the events since the test began, in order; without those of signing in."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    signing_in = ("accounts.session_started", "accounts.device_first_seen")

    def since() -> list[tuple[str, dict[str, Any]]]:
        found = OutboxEvent.objects.filter(position__gt=start).order_by("position")
        return [
            (name, payload)
            for name, payload in found.values_list("name", "payload")
            if name not in signing_in and payload.get("template") != "account/email/new_device"
        ]

    return since


@pytest.fixture
def make_domain() -> MakeDomain:
    """`make_domain(acme, "work.acme.test")`: a claim; `verified=True`: one that is proven."""

    def make(tenant: Tenant, name: str, *, verified: bool = False, **fields: Any) -> Domain:
        with tenant_context(tenant):
            return Domain.objects.create(
                tenant=tenant,
                domain=name,
                verified_at=timezone.now() if verified else None,
                **{"token": "t0k3n", **fields},
            )

    return make
