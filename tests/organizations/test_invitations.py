"""Invitations: one mail a link, one acceptance, for the person they are meant for only."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.models import Person, TenantMembership
from apps.common.actors import Actor
from apps.common.errors import (
    Conflict,
    Gone,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.services import (
    binding_create,
    invitation_accept,
    invitation_create,
    invitation_open,
    invitation_resend,
    invitation_revoke,
    member_update_status,
    organization_create,
)
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from apps.tenants.services import maintenance_end, maintenance_start
from tests.conftest import SYSTEM, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Callable:
    def make(email: str = "dana@acme.test", role_code: str = "member") -> Invitation:
        return invitation_create(
            actor=owner, email=email, role_ids=[role(role_code).id], organization_id=root.id
        )

    return make


def token_of(tenant: Tenant, invitation: Invitation) -> str:
    return token_make(tenant.id, invitation.id, invitation.nonce)


def test_inviting_sends_one_mail_whose_link_opens_the_offer(invite: Callable, acme: Tenant) -> None:
    invitation = invite("Dana@Acme.test ")
    assert invitation.email == "dana@acme.test"
    drain_once()
    drain_once()
    assert [m.to for m in mail.outbox] == [["dana@acme.test"]]
    assert mail.outbox[0].subject == "Alice Archer invites you to Acme"
    link = re.search(r"http://localhost:8000/invitations/accept/\?token=(\S+)", mail.outbox[0].body)
    assert link
    with tenant_context(None):
        offer = invitation_open(link[1])
    assert (offer.tenant.slug, offer.role_names, offer.problem) == ("acme", ["Member"], "")
    invitation.refresh_from_db()
    assert invitation.sent_at is not None


def test_accepting_makes_a_member_with_the_roles(invite: Callable, acme: Tenant) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    invitation = invite()
    with tenant_context(None):
        tenant, member = invitation_accept(person=dana, token=token_of(acme, invitation))
    assert (tenant.slug, member.name, member.status) == ("acme", "Dana Diaz", "active")
    assert [b.role.code for b in member.bindings.all()] == ["member"]
    assert TenantMembership.objects.filter(person=dana, tenant=acme).count() == 1
    assert actor_for(dana).member_id == member.id
    with pytest.raises(Gone) as caught:
        invitation_accept(person=dana, token=token_of(acme, invitation))
    assert caught.value.code == "invitation_accepted"


def test_another_person_is_refused_and_nothing_changes(
    invite: Callable, acme: Tenant, charlie: Person
) -> None:
    invitation = invite()
    with pytest.raises(PermissionDenied) as caught:
        invitation_accept(person=charlie, token=token_of(acme, invitation))
    assert caught.value.code == "invitation_for_another"
    assert not Member.objects.filter(person_id=charlie.id).exists()
    assert not TenantMembership.objects.filter(person=charlie, tenant=acme).exists()


@pytest.mark.parametrize("what", ["revoked", "expired", "replaced"])
def test_a_link_that_is_no_longer_good(
    what: str, invite: Callable, acme: Tenant, owner: Actor
) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    invitation = invite()
    token = token_of(acme, invitation)
    if what == "revoked":
        invitation_revoke(actor=owner, invitation_id=invitation.id)
    elif what == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        invitation_resend(actor=owner, invitation_id=invitation.id)
    with pytest.raises(Gone) as caught:
        invitation_accept(person=dana, token=token)
    assert caught.value.code == f"invitation_{what}"
    assert not Member.objects.filter(person_id=dana.id).exists()


def test_forged_tokens_and_other_tenants_ids_are_not_found(
    invite: Callable, acme: Tenant, globex: Tenant
) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    invitation = invite()
    good = token_of(acme, invitation)
    swapped = token_make(globex.id, invitation.id, invitation.nonce)
    for token in ("", "x", good[:-1], good + "A", "a:b:c", swapped):
        with pytest.raises(NotFound):
            invitation_accept(person=dana, token=token)
    assert not Member.objects.filter(person_id=dana.id).exists()


def test_an_invitation_into_a_suspended_workspace_is_not_found(
    invite: Callable, acme: Tenant
) -> None:
    invitation = invite()
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    with pytest.raises(NotFound):
        invitation_open(token_of(acme, invitation))


def test_who_is_member_or_invited_is_not_invited_again(invite: Callable) -> None:
    with pytest.raises(Conflict) as caught:
        invite("bob@acme.test")
    assert caught.value.code == "already_member"
    invite()
    with pytest.raises(Conflict) as caught:
        invite("DANA@acme.test")
    assert caught.value.code == "already_invited"


def test_after_expiry_one_can_be_invited_anew(invite: Callable) -> None:
    first = invite()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert invite().id != first.id


@pytest.mark.parametrize(
    "email", ["", "x", "a@b", "a\0@b.test", '"\x01"@b.test', "a" * 250 + "@b.test", "a b@c.de"]
)
def test_bad_addresses_are_refused(invite: Callable, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        invite(email)
    assert caught.value.errors[0].attr == "email"
    assert Invitation.objects.count() == 0


def test_members_do_not_invite(member: Actor, root: Organization, role: Callable) -> None:
    with pytest.raises(PermissionDenied):
        invitation_create(
            actor=member, email="x@y.de", role_ids=[role("member").id], organization_id=root.id
        )
    assert Invitation.objects.count() == 0


def test_nobody_invites_to_more_than_they_hold(
    owner: Actor, bob: Person, bob_member: Member, root: Organization, role: Callable
) -> None:
    inviters = role_create(
        actor=owner,
        name="Inviters",
        permission_codes=["organizations.invite_member", "organizations.view_organization"],
    )
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=inviters.id, organization_id=root.id
    )
    bob_now = actor_for(bob)
    with pytest.raises(PermissionDenied):
        invitation_create(
            actor=bob_now, email="x@y.de", role_ids=[role("owner").id], organization_id=root.id
        )
    invitation_create(
        actor=bob_now, email="x@y.de", role_ids=[role("member").id], organization_id=root.id
    )
    assert Invitation.objects.count() == 1


def test_an_inviter_of_one_branch_cannot_invite_into_another(
    owner: Actor, bob: Person, bob_member: Member, root: Organization, role: Callable
) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    south = organization_create(actor=owner, name="South", parent_id=root.id)
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=north.id
    )
    bob_now = actor_for(bob)
    member_role = role("member")
    invitation_create(
        actor=bob_now, email="x@y.de", role_ids=[member_role.id], organization_id=north.id
    )
    with pytest.raises(PermissionDenied):
        invitation_create(
            actor=bob_now, email="z@y.de", role_ids=[member_role.id], organization_id=south.id
        )


@pytest.mark.parametrize("status", ["removed", "deactivated"])
def test_who_is_invited_back_has_the_invitations_roles_only(
    invite: Callable, acme: Tenant, owner: Actor, bob: Person, bob_member: Member, status: str
) -> None:
    # The inviter may hold less than the old roles allow.
    member_update_status(actor=owner, member_id=bob_member.id, status=status)
    with pytest.raises(NotFound):
        actor_for(bob)
    invitation = invite("bob@acme.test", "admin")
    invitation_accept(person=bob, token=token_of(acme, invitation))
    assert [g.role for g in actor_for(bob).grants] == ["admin"]


def test_in_maintenance_nobody_joins(invite: Callable, acme: Tenant) -> None:
    dana = make_person("Dana Diaz", "dana@acme.test")
    token = token_of(acme, invite())
    with tenant_context(None):
        maintenance_start(actor=SYSTEM, tenant_id=acme.id, message="Moving house")
        with pytest.raises(Unavailable, match="Moving house"):
            invitation_accept(person=dana, token=token)
        assert not TenantMembership.objects.filter(person=dana).exists()
        maintenance_end(actor=SYSTEM, tenant_id=acme.id)
        invitation_accept(person=dana, token=token)
