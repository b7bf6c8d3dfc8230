"""What a process remembers of a tenant's entitlements ends with the commit that changes them."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.accounts import epochs
from apps.billing import source
from apps.billing.models import AddOn, EntitlementOverride
from apps.billing.services import add_on_set, override_set, override_withdraw, plan_assign
from apps.common import entitlements
from apps.common.database import system_connection
from apps.common.entitlements import Granted
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from tests.billing.conftest import Assign
from tests.conftest import SYSTEM, Entitle

SEATS = "organizations.seats"
Other = Callable[[], tuple[int | None, int]]


def answer(tenant: Tenant, pipe: Connection) -> None:
    """The other process: says how many seats there are, and what it took to know."""
    source._entries.clear()
    while pipe.recv():
        with tenant_context(tenant), CaptureQueriesContext(connection) as captured:
            seats = entitlements.limit(tenant, SEATS)
        pipe.send((seats, len(captured)))
    os._exit(0)


@pytest.fixture
def other(acme: Tenant) -> Iterator[Other]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=answer, args=(acme, theirs), daemon=True
    )
    connections.close_all()
    process.start()

    def ask() -> tuple[int | None, int]:
        ours.send(True)
        assert ours.poll(30), "the other process is gone"
        found: tuple[int | None, int] = ours.recv()
        return found

    yield ask
    ours.send(None)
    process.join(10)
    assert process.exitcode == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_holds_on_the_next_question_elsewhere(
    acme: Tenant, assign: Assign, other: Other
) -> None:
    """Each is asked for twice: the second answer is from memory, and the next step ends that."""

    def expect(seats: int | None) -> None:
        found, _cost = other()
        assert found == seats
        assert other() == (seats, 0)

    expect(None)
    version = assign("free")
    expect(5)
    add_on = AddOn.objects.get(code="seats_10")
    add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=add_on.id, quantity=2)
    expect(25)
    values: dict[str, Any] = {"actor": SYSTEM, "tenant_id": acme.id, "code": SEATS}
    override_set(**values, granted=Granted(7), reason="Asked for")
    expect(7)
    override_withdraw(**values, reason="Over")
    expect(25)
    assign("starter")
    expect(40)
    plan_assign(actor=SYSTEM, tenant_id=acme.id, plan_version_id=version.id)
    expect(25)


@pytest.mark.django_db(transaction=True)
def test_while_it_is_being_changed_nothing_is_remembered(
    acme: Tenant, sold: None, other: Other
) -> None:
    assert other()[0] is None
    with transaction.atomic():
        override_set(
            actor=SYSTEM, tenant_id=acme.id, code=SEATS, granted=Granted(4), reason="Asked for"
        )
        # Not committed: the other reads the database, each time.
        assert other() == (None, 1)
        assert other() == (None, 1)
        assert entitlements.limit(acme, SEATS) == 4
    assert other() == (4, 1)
    assert other() == (4, 0)


@pytest.mark.django_db
def test_an_override_ends_by_itself(
    acme: Tenant, in_acme: None, entitle: Entitle, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle({SEATS: 3})
    soon = timezone.now() + timedelta(minutes=5)
    with system_connection():
        EntitlementOverride.objects.update(expires_at=soon)
    caches["global"].delete(source.epoch_of(acme.id))
    assert entitlements.limit(acme, SEATS) == 3
    with CaptureQueriesContext(connection) as captured:
        assert entitlements.limit(acme, SEATS) == 3
    assert len(captured) == 0
    monkeypatch.setattr(source.timezone, "now", lambda: soon)
    assert entitlements.limit(acme, SEATS) is None


@pytest.mark.django_db
def test_without_redis_the_database_is_asked(
    acme: Tenant, in_acme: None, entitle: Entitle, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle({SEATS: 3})

    def away(*_keys: str) -> dict[str, str]:
        raise RedisConnectionError

    monkeypatch.setattr(epochs, "read", away)
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert entitlements.limit(acme, SEATS) == 3
        assert len(captured) == 1


@pytest.mark.django_db
def test_no_more_is_remembered_than_fits(
    acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_ENTRIES", 1)
    source._entries.clear()
    entitlements.limit(acme, SEATS)
    entitlements.limit(globex, SEATS)
    assert list(source._entries) == [globex.id]
