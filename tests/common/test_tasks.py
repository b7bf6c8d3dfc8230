"""Tasks over many tenants."""

import uuid
from typing import Any

import pytest
from celery import shared_task
from django.db import DatabaseError

from apps.common.tasks import in_each_tenant, queue_in_batches
from apps.common.tenancy import require_tenant
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.conftest import SYSTEM


@shared_task(name="tests.over_tenants")
def over_tenants(tenant_ids: list[str]) -> None:
    """Only sent."""


def test_queued_in_batches(monkeypatch: Any) -> None:
    sent: list[list[str]] = []
    monkeypatch.setattr(over_tenants, "delay", sent.append)
    ids = [uuid.uuid4() for _ in range(5)]
    queue_in_batches(over_tenants, ids, at_once=2)
    assert [len(batch) for batch in sent] == [2, 2, 1]
    assert [one for batch in sent for one in batch] == [str(one) for one in ids]
    queue_in_batches(over_tenants, [])
    assert len(sent) == 3


@pytest.mark.django_db
def test_in_each_tenant_and_past_those_that_fail(acme: Tenant, globex: Tenant) -> None:
    seen: list[str] = []

    def act() -> None:
        seen.append(require_tenant().slug)
        if seen == ["acme"]:
            raise DatabaseError("on purpose")

    ids = [str(acme.id), str(uuid.uuid4()), str(globex.id)]
    in_each_tenant(ids, act)
    assert seen == ["acme", "globex"]
    tenant_suspend(actor=SYSTEM, tenant_id=globex.id, reason="x")
    in_each_tenant(ids, act)
    assert seen == ["acme", "globex", "acme"]
