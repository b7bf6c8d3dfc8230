"""What was refused is in the audit log at once, and nobody fills the disk by being refused."""

import socket
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.audit import refusals
from apps.audit.chains import chain_of
from apps.audit.models import Entry
from apps.audit.refusals import PER_MINUTE, Refusal, refusal_record
from apps.common import redis_line
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.trail.chains import PLATFORM_CHAIN, entries_append
from apps.trail.models import PlatformEntry
from apps.trail.verifying import chain_verify
from tests.accounts.support import force_sign_in, host
from tests.audit.conftest import new_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals.time, "time", lambda: 1_800_000_000.0)


def found(tenant: Tenant) -> list[tuple[Any, ...]]:
    with tenant_context(tenant):
        return list(
            Entry.objects.order_by("seq").values_list("action", "actor_label", "what__data")
        )


def test_it_is_recorded_over_a_connection_that_the_server_has_ended(acme: Tenant) -> None:
    refusal = Refusal("audit.access_denied", acme.ref)
    assert refusal_record(refusal)
    redis_line._connection()._sock.shutdown(socket.SHUT_RDWR)
    for _ in range(9):
        refusal_record(refusal)
    assert [data["times"] for _action, _label, data in found(acme)] == [1, 10]


def test_a_403_is_recorded_in_the_tenant(acme: Tenant, bob: Any, bearer: Any) -> None:
    api = bearer(bob, tenant=acme)
    response = api.post("invitations/", {"email": "x@y.test"})
    assert response.status_code == 403
    ((action, label, data),) = found(acme)
    assert (action, label) == ("audit.access_denied", "bob@acme.test")
    assert (data["method"], data["path"], data["code"], data["times"]) == (
        "POST",
        "/api/v1/invitations/",
        "permission_denied",
        1,
    )


def test_a_page_that_is_refused_is_recorded(acme: Tenant, bob: Any) -> None:
    client = Client(HTTP_HOST=host(acme))
    force_sign_in(client, bob, acme)
    assert client.get("/api-keys/").status_code == 403
    ((action, label, data),) = found(acme)
    assert (action, label, data["path"]) == ("audit.access_denied", "bob@acme.test", "/api-keys/")


@pytest.mark.parametrize(
    ("text", "code"), [("nonsense", "token_invalid"), ("sk_nonsense", "api_key_invalid")]
)
def test_a_credential_that_is_none_is_recorded(
    acme: Tenant, browser: Any, text: str, code: str
) -> None:
    client = browser(acme)
    headers = {"Authorization": f"Bearer {text}"}
    assert client.get("/api/v1/members/", headers=headers).status_code == 401
    assert [(action, label, data["code"]) for action, label, data in found(acme)] == [
        ("audit.credential_refused", "anonymous", code)
    ]


def test_no_credential_is_no_refusal(acme: Tenant, browser: Any) -> None:
    assert browser(acme).get("/api/v1/members/").status_code == 401
    assert found(acme) == []


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_wrong_password_is_recorded_for_the_platform(way: str, browser: Any) -> None:
    client = browser(None)
    if way == "page":
        client.post("/accounts/login/", {"login": "alice@acme.test", "password": "wrong-one"})
    else:
        client.post(
            "/api/v1/auth/token/",
            {"email": "alice@acme.test", "password": "wrong-one"},
            content_type="application/json",
        )
    entry = PlatformEntry.objects.get()
    assert (entry.action, entry.actor_label) == ("audit.sign_in_failed", "anonymous")
    assert entry.what == {
        "data": {"email": "alice@acme.test", "times": 1},
        "before": {},
        "after": {},
    }
    assert "wrong-one" not in str(entry.__dict__)


def test_repeats_are_counted_and_not_written(acme: Tenant) -> None:
    for _ in range(120):
        refusal_record(Refusal("audit.access_denied", acme.ref, label="bob@acme.test"))
    assert [data["times"] for _, _, data in found(acme)] == [1, 10, 100]


def test_many_actors_do_not_fill_a_chain(acme: Tenant) -> None:
    for number in range(200):
        refusal_record(Refusal("audit.access_denied", acme.ref, label=f"{number}@x.test"))
    rows = found(acme)
    assert len(rows) == PER_MINUTE + 1
    assert rows[-1] == (
        "audit.refusals_thinned",
        "system:audit",
        {"times": 100},
    )
    assert refusal_record(Refusal("audit.access_denied", None, label="z")) is True
    assert chain_verify(PLATFORM_CHAIN).is_whole


def test_without_redis_the_answer_is_still_the_refusal(
    acme: Tenant, bob: Any, bearer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as Away

    def away(_what: str) -> int:
        raise Away

    monkeypatch.setattr(refusals, "_count", away)
    api = bearer(bob, tenant=acme)
    assert api.post("invitations/", {"email": "x@y.test"}).status_code == 403
    assert found(acme) == []


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_is_locked_keeps_nobody_waiting(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "LOCK_TIMEOUT", "50ms")
    acme = world.acme
    before = len(found(acme))
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tenant_context(acme), transaction.atomic():
            entries_append(chain_of(acme), [new_entry(1)])
            locked.set()
            done.wait(20)
            transaction.set_rollback(True)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(20)
        assert refusal_record(Refusal("audit.access_denied", acme.ref)) is False
    finally:
        done.set()
        holder.join()
    assert len(found(acme)) == before
    assert refusal_record(Refusal("audit.access_denied", acme.ref, label="x")) is True
