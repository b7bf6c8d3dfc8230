"""Notes in Redis that a task writes down."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.common import tasks, write_behind
from apps.common.tenancy import NoTenant, require_tenant, tenant_context
from apps.common.write_behind import WriteBehind
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
Written = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def written() -> Written:
    return []


@pytest.fixture
def notes(written: Written) -> Iterator[WriteBehind]:
    def flush(found: Mapping[str, Any]) -> None:
        written.append((require_tenant().slug, dict(found)))

    for key in write_behind.redis_client().scan_iter("notes:*"):
        write_behind.redis_client().delete(key)
    made = WriteBehind(f"tests.notes_{uuid.uuid4().hex}", flush)
    yield made
    del write_behind._declared[made.name]


def test_the_latest_of_each_key_for_each_tenant(
    notes: WriteBehind, written: Written, acme: Tenant, globex: Tenant
) -> None:
    with tenant_context(acme):
        for key, value in (("x", 1), ("y", 2), ("x", 3)):
            notes.note(key, value)
    with tenant_context(globex):
        notes.note("x", ["globex's"])
    tasks.flush_notes()
    assert sorted(written) == [("acme", {"x": 3, "y": 2}), ("globex", {"x": ["globex's"]})]
    tasks.flush_notes()
    assert len(written) == 2
    assert list(write_behind.redis_client().scan_iter("notes:*")) == []


def test_a_worker_that_dies_between_leaves_them_for_the_next(
    notes: WriteBehind, written: Written, in_acme: None, monkeypatch: Any
) -> None:
    def die(_found: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    notes.note("x", 1)
    with monkeypatch.context() as patch:
        patch.setattr(notes, "_flush", die)
        with pytest.raises(KeyboardInterrupt):
            notes.write()
    notes.note("x", 2)
    assert notes.write() == 2
    assert [found for _slug, found in written] == [{"x": 1}, {"x": 2}]


def test_a_closed_tenants_notes_hold_up_nobody(
    notes: WriteBehind, written: Written, acme: Tenant, globex: Tenant
) -> None:
    for tenant in (acme, globex):
        with tenant_context(tenant):
            notes.note("x", 1)
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
    tasks.flush_notes()
    assert written == [("globex", {"x": 1})]
    assert write_behind.tenants_waiting() == []


def test_without_redis_a_note_is_lost_and_nothing_else(
    notes: WriteBehind, in_acme: None, monkeypatch: Any
) -> None:
    def fail() -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr(write_behind, "redis_client", fail)
    notes.note("x", 1)


def test_declared_once_and_noted_in_a_tenant(notes: WriteBehind) -> None:
    with pytest.raises(ImproperlyConfigured):
        WriteBehind(notes.name, lambda _found: None)
    with pytest.raises(NoTenant):
        notes.note("x", 1)
