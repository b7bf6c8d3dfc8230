"""A person is forgotten: everywhere, once, and nobody else is touched."""

import time
from dataclasses import replace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection, transaction

from apps.accounts import erasure as erasures
from apps.accounts.erasure import erasure_run
from apps.accounts.models import Erasure, Person, TenantMembership, TokenSession
from apps.accounts.selectors import person_actor
from apps.accounts.services import email_request, person_reactivate
from apps.accounts.token_sessions import token_session_start
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.events.models import DeadTask, OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Invitation, Member, RoleBinding
from apps.organizations.services import (
    binding_create,
    invitation_create,
    owned_alone,
    person_erase,
    root_ensure,
)
from apps.roles.models import ApiKey
from apps.roles.selectors import role_by_code
from apps.tenants.models import Export, Tenant, TenantEvent
from tests.api.client import bearer
from tests.conftest import PASSWORD, SYSTEM, World
from tests.roles.support import make_key

__all__ = ["bearer"]
pytestmark = pytest.mark.django_db


def bob_actor(bob: Person) -> Actor:
    return replace(person_actor(bob), proof=Proof(frozenset({"password"}), time.time()))


@pytest.fixture
def traces(world: World) -> Person:
    """bob with something of his in every kind of place, in both workspaces."""
    bob = world.bob
    token_session_start(person=bob, tenant_id=None, user_agent="Phone", ip="203.0.113.7")
    with tenant_context(world.acme):
        invitation_create(
            actor=actor_for(world.alice),
            email="new@acme.test",
            role_ids=[role_by_code("member").id],
            organization_id=root_ensure("").id,
        )
        make_key(replace(actor_for(bob), grants=actor_for(world.alice).grants))
    with tenant_context(world.globex):
        invitation_create(
            actor=actor_for(world.charlie),
            email=bob.email,
            role_ids=[role_by_code("member").id],
            organization_id=root_ensure("").id,
        )
    TenantEvent.objects.create(
        tenant=world.acme, action="renamed", to_status="ready", actor=bob.email
    )
    Export.objects.create(tenant=world.acme, status="ready", requested_by=bob.email)
    DeadTask.objects.create(task="x", args=["a", bob.email], kwargs={"to": bob.email}, reason="x")
    with transaction.atomic():
        email_request(
            actor=bob_actor(bob),
            template="account/email/password_changed",
            email=bob.email,
            person_id=bob.id,
        )
    return bob


def everything() -> str:
    """All rows of all tables in all schemas, as text."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND (table_schema = 'public' OR table_schema LIKE 't\\_%%') "
            "AND table_schema NOT LIKE '%%template%%'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(
                f'SELECT coalesce(string_agg(t::text, chr(10)), \'\') FROM "{schema}"."{table}" t'
            )
            found.append(f"{schema}.{table}: {cursor.fetchone()[0]}")
    return "\n".join(found)


def test_nothing_names_the_person_any_more(
    traces: Person, world: World, mailoutbox: list[mail.EmailMessage]
) -> None:
    before = {person.email for person in Person.objects.all()}
    assert "bob@acme.test" in everything()
    erasure = person_erase(actor=bob_actor(traces), person_id=traces.id)
    erasure_run(erasure.id)
    left = everything()
    for trace in ("bob@acme.test", "Bob Baker", "203.0.113.7"):
        assert [line[:200] for line in left.splitlines() if trace.lower() in line.lower()] == []
    pseudonym = f"{traces.id.hex}@erased.invalid"
    assert {person.email for person in Person.objects.all()} == (
        before - {"bob@acme.test"} | {pseudonym}
    )
    # What others build on stays, and is good.
    with tenant_context(world.acme):
        member = Member.objects.get(person_id=traces.id)
        assert (member.name, member.email, member.status) == ("Erased person", pseudonym, "removed")
        assert not RoleBinding.objects.filter(member=member).exists()
        assert Invitation.objects.get().email == "new@acme.test"
        key = ApiKey.objects.get()
        assert (key.created_by, key.state) == (pseudonym, "active")
    with tenant_context(world.globex):
        invitation = Invitation.objects.get()
        assert (invitation.email, invitation.revoked_at is None) == (pseudonym, False)
    assert DeadTask.objects.get().args == ["a", pseudonym]
    assert DeadTask.objects.get().kwargs == {"to": pseudonym}
    requested = OutboxEvent.objects.filter(name="accounts.email_requested").latest("position")
    assert (requested.actor_label, requested.payload["email"]) == (pseudonym, pseudonym)
    assert not TenantMembership.objects.filter(person=traces).exists()
    assert not TokenSession.objects.filter(person=traces).exists()
    assert not EmailAddress.objects.filter(user_id=traces.id).exists()
    assert [(m.to, m.subject) for m in mailoutbox] == [
        (["bob@acme.test"], "Your account is erased")
    ]
    erasure.refresh_from_db()
    assert bytes(erasure.email_encrypted) == b""
    assert (erasure.tenants_done, erasure.requested_by) == (2, "themselves")
    assert erasure.finished_at is not None
    done = OutboxEvent.objects.get(name="accounts.person_erased")
    assert done.payload == {"person_id": str(traces.id), "tenants": 2}


def test_again_changes_nothing_and_sends_nothing(
    traces: Person, mailoutbox: list[mail.EmailMessage]
) -> None:
    erasure = person_erase(actor=bob_actor(traces), person_id=traces.id)
    erasure_run(erasure.id)
    before = everything()
    erasure_run(erasure.id)
    assert everything() == before
    assert len(mailoutbox) == 1
    with pytest.raises(Conflict):
        person_erase(actor=SYSTEM, person_id=traces.id)


def test_access_ends_at_once_and_for_good(traces: Person, world: World, bearer: Any) -> None:
    api = bearer(traces)
    assert api.get("/api/v1/members/").status_code == 200
    person_erase(actor=bob_actor(traces), person_id=traces.id)
    assert api.get("/api/v1/members/").status_code == 401
    traces.refresh_from_db()
    assert (traces.is_active, traces.check_password(PASSWORD)) == (False, False)
    with pytest.raises(Conflict) as refused:
        person_reactivate(actor=SYSTEM, person_id=traces.id)
    assert refused.value.code == "erased"


def test_goes_on_where_it_stopped(
    traces: Person, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[mail.EmailMessage]
) -> None:
    """A worker that dies between two tenants, and one whose mail server is away."""
    monkeypatch.setattr(erasures, "BATCH_TENANTS", 1)
    erasure = person_erase(actor=bob_actor(traces), person_id=traces.id)
    whole, calls = erasures._erase_in, []

    def dies(tenant: Tenant, subject: Any) -> None:
        calls.append(tenant.slug)
        if len(calls) == 2:
            raise RuntimeError("killed")
        whole(tenant, subject)

    monkeypatch.setattr(erasures, "_erase_in", dies)
    with pytest.raises(RuntimeError):
        erasure_run(erasure.id)
    erasure.refresh_from_db()
    assert (erasure.tenants_done, erasure.erased_at) == (1, None)
    sends = erasures.send_account_email

    def away(**_kwargs: Any) -> bool:
        raise ConnectionRefusedError

    monkeypatch.setattr(erasures, "send_account_email", away)
    with pytest.raises(ConnectionRefusedError):
        erasure_run(erasure.id)
    erasure.refresh_from_db()
    assert erasure.erased_at is not None
    assert (erasure.finished_at, len(mailoutbox)) == (None, 0)
    monkeypatch.setattr(erasures, "send_account_email", sends)
    erasure_run(erasure.id)
    assert [m.to for m in mailoutbox] == [["bob@acme.test"]]
    assert calls[0] not in calls[1:]


def test_the_last_owner_has_to_hand_over_first(alice: Person, bob: Person, acme: Tenant) -> None:
    before = everything()
    with pytest.raises(Conflict) as refused:
        person_erase(actor=SYSTEM, person_id=alice.id)
    assert refused.value.code == "last_owner"
    assert "Acme" in str(refused.value.detail)
    assert everything() == before
    assert [tenant.slug for tenant in owned_alone(alice)] == ["acme"]
    with tenant_context(acme):
        binding_create(
            actor=actor_for(alice),
            member_id=Member.objects.get(person_id=bob.id).id,
            role_id=role_by_code("owner").id,
            organization_id=root_ensure("").id,
        )
    assert owned_alone(alice) == []
    person_erase(actor=SYSTEM, person_id=alice.id)
    with tenant_context(acme):
        assert Member.objects.get(person_id=alice.id).status == "removed"


def test_nobody_erases_somebody_else(alice: Person, bob: Person) -> None:
    before = everything()
    with pytest.raises(NotFound):
        person_erase(actor=bob_actor(alice), person_id=bob.id)
    assert everything() == before


def test_an_address_that_was_not_proved_erases_nothing_of_its_owner(
    world: World, mailoutbox: list[mail.EmailMessage]
) -> None:
    """Somebody registers with another's address, and asks to be forgotten."""
    with tenant_context(world.acme):
        invitation_create(
            actor=actor_for(world.alice),
            email="victim@acme.test",
            role_ids=[role_by_code("member").id],
            organization_id=root_ensure("").id,
        )
    impostor = Person.objects.create_user("victim@acme.test", PASSWORD, name="Impostor")
    erasure = person_erase(actor=bob_actor(impostor), person_id=impostor.id)
    erasure_run(erasure.id)
    with tenant_context(world.acme):
        invitation = Invitation.objects.get()
        assert (invitation.email, invitation.revoked_at) == ("victim@acme.test", None)
    assert mailoutbox == []
    assert Erasure.objects.get().finished_at is not None
