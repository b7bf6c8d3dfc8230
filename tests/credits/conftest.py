"""A tenant with credits, and an operation to spend them on."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.credits import operations
from apps.credits.enums import GrantSource
from apps.credits.models import Grant
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.credits.services import grant_create
from apps.tenants.models import Tenant

SYSTEM = Actor.system("tests")
TRANSLATE = "tests.translate"
SUMMARIZE = "tests.summarize"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_operations", dict(operations._operations))
    register_operations(
        [
            Operation(
                TRANSLATE,
                "Translate",
                "Words from one language into another.",
                "words",
                (Rate(1, SINCE, (Tier(1000, 2_000), Tier(None, 1_000)), minimum_microcredits=5_000),),
            ),
            Operation(SUMMARIZE, "Summarize", "A text in short.", "pages", (Rate(1, SINCE, (Tier(None, 10),)),)),
        ]
    )


@pytest.fixture
def inside(acme: Tenant) -> Iterator[Tenant]:
    with tenant_context(acme):
        yield acme


def grant(amount: int, **fields: object) -> Grant:
    fields.setdefault("source", GrantSource.PROMOTION)
    fields.setdefault("reference", uuid.uuid4().hex)
    return grant_create(actor=SYSTEM, amount_microcredits=amount, **fields)  # type: ignore[arg-type]


def later(**units: float) -> datetime:
    from datetime import timedelta

    return timezone.now() + timedelta(**units)
