"""What the platform's own apps tell open pages of, and when: after the commit, never of what was undone."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from apps.accounts import epochs
from apps.accounts.models import Person
from apps.common import live
from apps.common.live import live_topic, live_topics
from apps.credits.live import EVERY_S
from apps.tenants.exports.jobs import export_run
from apps.tenants.models import Export, Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import export_request, tenant_create
from tests.conftest import SYSTEM
from tests.credits.support import debit, grant

pytestmark = pytest.mark.django_db(transaction=True)
OPERATION = "sandbox.translate"
Told = Callable[[], list[tuple[str, str, str, Any]]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What was told since the last time: tenant, whom, kind, data."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(live.STREAM)  # the world, when it was built
    live._told_at.clear()
    place = b"0-0"

    def read() -> list[tuple[str, str, str, Any]]:
        nonlocal place
        found = []
        for entry_id, fields in client.xrange(live.STREAM, min=b"(" + place):
            place = entry_id
            if fields[b"kind"].decode() != live.JUDGE:
                head = (fields[name].decode() for name in (b"tenant", b"to", b"kind"))
                found.append((*head, orjson.loads(fields[b"data"])))
        return found

    yield read
    live._told_at.clear()
    client.close()


def test_credits_that_come_and_go(told: Told, in_acme: None, acme: Tenant) -> None:
    balance = (str(acme.id), "topic:credits.balance", "credits.balance", {})
    grant(10_000_000)
    assert told() == [balance]
    live._told_at.clear()
    for _ in range(20):
        debit(1_000_000 // 20, operation=OPERATION)
    # At most one a second, of which listeners are told once more.
    assert EVERY_S == 1.0
    assert told() == [balance]


def test_what_is_undone_is_not_told(told: Told, in_acme: None) -> None:
    grant(10_000_000)
    told()
    live._told_at.clear()
    with pytest.raises(RuntimeError, match="undo"), transaction.atomic():
        debit(1_000_000, operation=OPERATION)
        assert told() == []
        raise RuntimeError("undo")
    assert told() == []


def test_an_export(told: Told, acme: Tenant, owner: Any) -> None:
    export = export_request(actor=owner, tenant_id=acme.id)
    entry = (str(acme.id), "topic:tenants.exports", "tenants.exports", {})
    found = told()
    # In the tests the task runs at once, within the request.
    assert set(map(str, found)) == {str(entry)}
    if Export.objects.get(id=export.id).status != "ready":
        assert export_run(export.id)
        assert entry in told()


def test_a_workspace_that_is_made(told: Told, alice: Person) -> None:
    tenant = tenant_create(actor=SYSTEM, name="Initech", slug="initech", owner_person_id=alice.id)
    told()
    assert provision(tenant.id)
    entry = ("", f"person:{alice.id}", "tenants.provisioning", {"tenant_id": str(tenant.id)})
    found = told()
    # Begun, a step each, ready.
    assert found == [entry] * len(found)
    tenant.refresh_from_db()
    assert len(found) == len(tenant.steps_done) + 2


def test_who_is_judged_again(acme: Tenant, alice: Person) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(live.STREAM)
    with transaction.atomic():
        epochs.change(
            epochs.of_person(alice.id),
            epochs.of_membership(acme.id, alice.id),
            epochs.of_tenant(acme.id),
            epochs.SIGNING_KEYS,
            f"epoch:entitlements:{acme.id}",
        )
        assert client.xlen(live.STREAM) == 0
    found = [fields for _id, fields in client.xrange(live.STREAM)]
    client.close()
    assert [(one[b"kind"], one[b"tenant"].decode(), one[b"to"].decode()) for one in found] == [
        (b"realtime.judge", "", f"person:{alice.id}"),
        (b"realtime.judge", str(acme.id), f"person:{alice.id}"),
        (b"realtime.judge", str(acme.id), ""),
    ]


def test_topics_are_declared_once() -> None:
    names = [topic.name for topic in live_topics()]
    assert names == sorted(names)
    assert {"credits.balance", "tenants.exports"} <= set(names)
    assert live_topic("credits.balance", permission="credits.view_credits") in live_topics()
    with pytest.raises(ImproperlyConfigured, match="two topics"):
        live_topic("credits.balance", permission=None)
    with pytest.raises(ImproperlyConfigured, match="no name"):
        live_topic("balance", permission=None)
