"""From events to entries: which chain, what is kept, and one chain under many writers."""

import threading
import uuid
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import Client

from apps.accounts.events import PasswordChanged
from apps.audit.actions import NOT_AUDITED, audited
from apps.audit.describing import MASK, details, summary, targets
from apps.audit.models import Entry
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events import registry
from apps.events.drain import drain_once
from apps.events.models import Handling, OutboxEvent
from apps.events.registry import Event, event
from apps.events.services import publish
from apps.organizations.events import MemberInvited
from apps.tenants.events import PrimaryDomainChanged, TenantStatusChanged
from apps.tenants.models import Tenant
from apps.trail.chains import Chain, entries_append
from apps.trail.models import PlatformEntry
from apps.trail.verifying import chain_verify
from tests.accounts.support import PUBLIC, sign_in
from tests.accounts.test_handoff import Browser, enter_url
from tests.audit.conftest import new_entry

ACTOR = Actor.system("tests")


def test_every_event_but_the_exceptions_has_a_handler() -> None:
    handlers = {
        one.event_name for one in registry.subscriptions().values() if one.name.startswith("audit.")
    }
    assert handlers == set(registry.events()) - set(NOT_AUDITED)
    assert len(audited()) > 80


def test_an_event_that_nobody_records_fails_the_check() -> None:
    with registry.isolated():

        @event("samples.note_written", version=1, scope="user", aggregate="note_id")
        class NoteWritten(Event):
            note_id: uuid.UUID

        assert [one.id for one in run_checks(tags=["events"])] == ["audit.E002"]


def test_an_event_of_a_tenant_becomes_an_entry(acme: Tenant, owner: Actor) -> None:
    invitation = uuid.uuid4()
    event_id = publish(MemberInvited(invitation_id=invitation, email="new@acme.test"), actor=owner)
    drain_once()
    entry = Entry.objects.get(event_id=event_id)
    published = OutboxEvent.objects.values_list("created_at", flat=True).get(id=event_id)
    assert (entry.action, entry.occurred_at) == ("organizations.member_invited", published)
    assert (entry.actor_kind, entry.actor_label) == ("person", "alice@acme.test")
    assert entry.actor_id == owner.person_id
    assert (entry.target_type, entry.targets) == ("invitation", [str(invitation)])
    assert entry.what == {
        "data": {"invitation_id": str(invitation), "email": "new@acme.test"},
        "before": {},
        "after": {},
    }
    assert summary(entry.action, entry.what) == "Member invited: new@acme.test"
    assert not PlatformEntry.objects.filter(event_id=event_id).exists()
    assert chain_verify(Chain(Entry, acme.ref)).is_whole


def test_what_belongs_to_no_tenant_goes_into_the_platforms_chain(acme: Tenant, bob: Any) -> None:
    account = publish(PasswordChanged(person_id=bob.id), actor=ACTOR, tenant_id=None)
    life = publish(
        TenantStatusChanged(
            tenant_id=acme.id,
            slug="acme",
            from_status="ready",
            to_status="suspended",
            reason="unpaid",
        ),
        actor=Actor.staff(bob.id, "staff@platform.test"),
        tenant_id=acme.id,
    )
    drain_once()
    assert PlatformEntry.objects.get(event_id=account).targets == [str(bob.id)]
    entry = PlatformEntry.objects.get(event_id=life)
    assert entry.what is not None
    assert (entry.what["before"], entry.what["after"]) == (
        {"status": "ready"},
        {"status": "suspended"},
    )
    assert summary(entry.action, entry.what) == "Tenant status changed: acme, suspended"
    with tenant_context(acme):
        assert not Entry.objects.filter(event_id__in=[account, life]).exists()


def test_a_suspended_tenants_events_are_recorded(acme: Tenant, in_acme: None) -> None:
    with system_connection():
        assert Tenant.objects.filter(id=acme.id).update(status="suspended") == 1
    event_id = publish(MemberInvited(invitation_id=uuid.uuid4(), email="x@y.test"), actor=ACTOR)
    drain_once()
    assert Entry.objects.filter(event_id=event_id).exists()


def test_of_a_tenant_that_is_being_made_it_waits_and_of_a_deleted_one_it_goes(
    acme: Tenant, in_acme: None
) -> None:
    drain_once()  # the tenant's own beginning
    with system_connection():
        assert Tenant.objects.filter(id=acme.id).update(status="provisioning") == 1
    waits = publish(MemberInvited(invitation_id=uuid.uuid4(), email="x@y.test"), actor=ACTOR)
    with tenant_context(None), system_connection():
        gone = publish(
            MemberInvited(invitation_id=uuid.uuid4(), email="x@y.test"),
            actor=ACTOR,
            tenant_id=uuid.uuid4(),
        )
    drain_once()
    with system_connection():
        handlings = Handling.objects.filter(handler="audit.record_organizations_member_invited")
        states = dict(handlings.filter(event_id__in=[waits, gone]).values_list("event_id", "state"))
    assert states == {waits: "pending", gone: "done"}


def test_address_and_client_of_the_request_are_kept(
    acme: Tenant, browser: Any, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client: Client = browser(None)
    client.post(
        "/accounts/login/",
        {"login": "alice@acme.test", "password": "wrapper-demo"},
        headers={
            "User-Agent": "Browser/1 é" + "x" * 400,
            "X-Forwarded-For": "6.6.6.6, 198.51.100.9",
            "X-Request-ID": "request-of-alice",
        },
    )
    drain_once()
    entry = PlatformEntry.objects.get(action="accounts.session_started")
    assert (entry.address, entry.request_id) == ("198.51.100.9", "request-of-alice")
    assert entry.agent is not None
    assert entry.agent.startswith("Browser/1 éxxx")
    assert len(entry.agent) == 300
    assert entry.actor_label == "alice@acme.test"


def test_a_sign_in_on_a_workspaces_host_is_in_its_chain(acme: Tenant, alice: Any) -> None:
    walker = Browser()
    sign_in(walker.on(PUBLIC), alice)
    walker.get(enter_url(walker, acme))
    drain_once()
    with tenant_context(acme):
        entry = Entry.objects.get(action="accounts.session_started")
    assert (entry.actor_label, entry.what["data"]["host"]) == (alice.email, "acme.localhost")
    # The one on the public host, from which it came.
    assert PlatformEntry.objects.filter(action="accounts.session_started").count() == 1


@event("accounts.thing_changed", version=1, scope="user", aggregate="thing_id")
class _Declared(Event):
    __module__ = "tests"
    thing_id: uuid.UUID
    token: str
    client_secret: str
    token_id: uuid.UUID
    owner_email: str
    from_name: str
    to_name: str
    old_host: str
    host: str


registry._events.pop("accounts.thing_changed")


def test_secrets_are_masked_and_changes_are_derived() -> None:
    thing, token = uuid.uuid4(), uuid.uuid4()
    one = _Declared(
        thing, "t0ps3cret", "s3cret", token, "a@b.test", "A\0B", "C", "old.test", "new.test"
    )
    found = details(one)
    assert "cret" not in str({k: v for k, v in found["data"].items() if k != "client_secret"})
    assert (found["data"]["token"], found["data"]["client_secret"]) == (MASK, MASK)
    assert found["data"]["token_id"] == str(token)
    assert found["before"] == {"name": "AB", "host": "old.test"}
    assert found["after"] == {"name": "C", "host": "new.test"}
    assert targets(one) == ("thing", (str(thing), str(token)))


def test_an_old_address_and_the_new_one(acme: Tenant) -> None:
    found = details(PrimaryDomainChanged(tenant_id=acme.id, old_host="a.test", host="b.test"))
    assert (found["before"], found["after"]) == ({"host": "a.test"}, {"host": "b.test"})


@pytest.mark.django_db(transaction=True)
def test_many_writers_make_one_chain(world: Any) -> None:
    """Eight threads, real commits: no gap, no fork, nothing twice."""
    acme = world.acme
    chain = Chain(Entry, acme.ref)
    with tenant_context(acme):
        before = Entry.objects.count()
    barrier = threading.Barrier(8)
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                for turn in range(25):
                    entries_append(chain, [new_entry(number * 100 + turn)])
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    report = chain_verify(chain)
    assert (report.problem, report.entries) == (None, before + 200)
