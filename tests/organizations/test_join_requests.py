"""Requests to join: who decides, once, and what both sides are told."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person, TenantMembership
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, PermissionDenied, PlatformError
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.organizations.models import JoinRequest, Member, Organization
from apps.organizations.selectors_joining import join_offers, join_requests_for
from apps.organizations.services import (
    binding_create,
    invitation_accept,
    invitation_create,
    join_request_approve,
    join_request_decline,
    organization_create,
    tenant_join,
)
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.organizations.conftest import Published
from tests.organizations.test_invitations import token_of

pytestmark = pytest.mark.django_db
OpenDomain = Callable[..., EmailDomain]
JOINED = ["organizations.role_binding_changed", "organizations.member_joined"]


def test_on_request(
    dana: Person,
    acme: Tenant,
    open_domain: OpenDomain,
    published: Published,
    owner: Actor,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    open_domain("request")
    with tenant_context(None):
        assert [offer.mode for offer in join_offers(dana)] == ["request"]
        first = tenant_join(person=dana, tenant_id=acme.id).request
        assert tenant_join(person=dana, tenant_id=acme.id).request == first
        (offer,) = join_offers(dana)
    assert first is not None
    assert offer.requested_at == first.created_at
    assert (first.email, first.name, first.status) == ("dana@acme.test", "Dana Diaz", "pending")
    assert not TenantMembership.objects.filter(person=dana).exists()
    drain_once()
    assert [(m.to, m.subject) for m in mail.outbox] == [
        (["alice@acme.test"], "Dana Diaz asks to join Acme")
    ]
    assert "http://acme.localhost:8000/invitations/requests/" in mail.outbox[0].body

    approved = join_request_approve(
        actor=owner,
        join_request_id=first.id,
        role_ids=[role("admin").id],
        organization_id=root.id,
    )
    assert (approved.status, approved.decided_by_id) == ("approved", owner.member_id)
    assert approved.member == Member.objects.get(person_id=dana.id)
    assert [grant.role for grant in actor_for(dana).grants] == ["admin"]
    assert published() == [
        "organizations.join_requested",
        *JOINED,
        "organizations.join_request_approved",
    ]
    drain_once()
    assert [(m.to, m.subject) for m in mail.outbox[1:]] == [
        (["dana@acme.test"], "You are a member of Acme")
    ]
    for act in (join_request_decline, join_request_approve):
        more = {"role_ids": [role("member").id], "organization_id": root.id}
        with pytest.raises(Conflict) as caught:
            act(
                actor=owner,
                join_request_id=first.id,
                **(more if act is join_request_approve else {}),
            )
        assert caught.value.code == "join_request_closed"


def test_declined(
    dana: Person, acme: Tenant, open_domain: OpenDomain, published: Published, owner: Actor
) -> None:
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    declined = join_request_decline(actor=owner, join_request_id=request.id)
    assert (declined.status, declined.decided_by_id, declined.member) == (
        "declined",
        owner.member_id,
        None,
    )
    drain_once()
    assert [m.subject for m in mail.outbox] == ["Your request to join Acme was declined"]
    assert declined.decided_at is not None
    assert [offer.ask_again_at for offer in join_offers(dana)] == [
        declined.decided_at + timedelta(days=7)
    ]
    with pytest.raises(Conflict) as caught:
        tenant_join(person=dana, tenant_id=acme.id)
    assert caught.value.code == "join_declined"
    JoinRequest.objects.update(decided_at=timezone.now() - timedelta(days=7))
    assert [offer.ask_again_at for offer in join_offers(dana)] == [None]
    assert tenant_join(person=dana, tenant_id=acme.id).request != request
    assert not Member.objects.filter(person_id=dana.id).exists()
    assert published() == [
        "organizations.join_requested",
        "organizations.join_request_declined",
        "organizations.join_requested",
    ]


def test_an_invitation_answers_a_request(
    dana: Person,
    acme: Tenant,
    open_domain: OpenDomain,
    owner: Actor,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    invitation = invitation_create(
        actor=owner, email=dana.email, role_ids=[role("member").id], organization_id=root.id
    )
    _tenant, member = invitation_accept(person=dana, token=token_of(acme, invitation))
    request.refresh_from_db()
    assert (request.status, request.member, request.decided_by) == ("approved", member, None)


def test_who_decides(
    dana: Person,
    acme: Tenant,
    open_domain: OpenDomain,
    owner: Actor,
    member: Actor,
    bob: Person,
    bob_member: Member,
    root: Organization,
    role: Callable[[str], Role],
    published: Published,
) -> None:
    """Whoever may invite somewhere sees requests and lets in there; declining is for the whole workspace."""
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    north = organization_create(actor=owner, name="North", parent_id=root.id)

    def approve(actor: Actor, code: str, organization: Organization) -> None:
        join_request_approve(
            actor=actor,
            join_request_id=request.id,
            role_ids=[role(code).id],
            organization_id=organization.id,
        )

    with pytest.raises(PermissionDenied):
        join_requests_for(member)
    for act in (
        lambda: approve(member, "member", root),
        lambda: join_request_decline(actor=member, join_request_id=request.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    inviters = role_create(
        actor=owner,
        name="Inviters",
        permission_codes=["organizations.invite_member", "organizations.view_organization"],
    )
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=inviters.id, organization_id=north.id
    )
    before = published()
    bob_now = actor_for(bob)
    assert [one.id for one in join_requests_for(bob_now)] == [request.id]
    for act in (
        lambda: approve(bob_now, "member", root),
        lambda: approve(bob_now, "admin", north),
        lambda: join_request_decline(actor=bob_now, join_request_id=request.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    with pytest.raises(InvalidInput):
        join_request_approve(
            actor=bob_now, join_request_id=request.id, role_ids=[], organization_id=north.id
        )
    assert (published(), Member.objects.count()) == (before, 2)
    approve(bob_now, "member", north)
    assert Member.objects.get(person_id=dana.id).organization == north


def test_a_closed_account_is_not_let_in(
    dana: Person,
    acme: Tenant,
    open_domain: OpenDomain,
    owner: Actor,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    Person.objects.filter(id=dana.id).update(is_active=False)
    with pytest.raises(Conflict) as caught:
        join_request_approve(
            actor=owner,
            join_request_id=request.id,
            role_ids=[role("member").id],
            organization_id=root.id,
        )
    assert caught.value.code == "person_inactive"
    request.refresh_from_db()
    assert request.status == "pending"


@pytest.mark.django_db(transaction=True)
def test_of_a_yes_and_a_no_at_once_one_counts(
    dana: Person, acme: Tenant, alice: Person, open_domain: OpenDomain
) -> None:
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(act: Callable[[Actor], JoinRequest]) -> None:
        try:
            with tenant_context(acme):
                actor = actor_for(alice)
                barrier.wait()
                outcomes.append(act(actor).status)
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    with tenant_context(acme):
        role_ids = [Role.objects.get(code="member").id]
        root_id = Organization.objects.get(depth=1).id
    threads = [
        threading.Thread(
            target=work,
            args=(
                lambda actor: join_request_approve(
                    actor=actor,
                    join_request_id=request.id,
                    role_ids=role_ids,
                    organization_id=root_id,
                ),
            ),
        ),
        threading.Thread(
            target=work,
            args=(lambda actor: join_request_decline(actor=actor, join_request_id=request.id),),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (
        ["approved", "join_request_closed"],
        ["declined", "join_request_closed"],
    )
    with tenant_context(acme):
        came = Member.objects.filter(person_id=dana.id).exists()
    assert came is ("approved" in outcomes)


def test_platform_actors_may_decide(
    dana: Person, acme: Tenant, open_domain: OpenDomain, in_acme: None
) -> None:
    open_domain("request")
    request = tenant_join(person=dana, tenant_id=acme.id).request
    assert request is not None
    declined = join_request_decline(actor=SYSTEM, join_request_id=request.id)
    assert (declined.status, declined.decided_by) == ("declined", None)
