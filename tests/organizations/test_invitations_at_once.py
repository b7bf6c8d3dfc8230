"""Who wins when an invitation is accepted, taken back and sent again at once; and when it is void."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Gone, PermissionDenied, PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Invitation, Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    invitation_accept,
    invitation_create,
    invitation_open,
    invitation_resend,
    invitation_revoke,
    member_update_status,
)
from apps.roles.models import Role
from apps.roles.services import role_create, role_update
from apps.tenants.models import Tenant
from tests.organizations.conftest import Published
from tests.organizations.test_invitations import token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Invitation:
    """Of dana, by alice."""
    return invitation_create(
        actor=owner,
        email="dana@acme.test",
        role_ids=[role("member").id],
        organization_id=root.id,
    )


@pytest.fixture
def bob_may_invite(owner: Actor, bob_member: Member, root: Organization) -> RoleBinding:
    inviters = role_create(
        actor=owner,
        name="Inviters",
        permission_codes=["organizations.invite_member", "organizations.view_organization"],
    )
    return binding_create(
        actor=owner, member_id=bob_member.id, role_id=inviters.id, organization_id=root.id
    )


@pytest.fixture
def bob_invites(
    bob: Person, bob_may_invite: RoleBinding, root: Organization, role: Callable[[str], Role]
) -> tuple[Invitation, RoleBinding]:
    """An invitation of dana by bob, who may invite by the second."""
    invitation = invitation_create(
        actor=actor_for(bob),
        email="dana@acme.test",
        role_ids=[role("member").id],
        organization_id=root.id,
    )
    return invitation, bob_may_invite


def at_once(*acts: Callable[[], str]) -> list[str]:
    """What each came to, or the code of its error; the connections are their threads' own."""
    barrier = threading.Barrier(len(acts))
    outcomes: list[str] = []

    def work(act: Callable[[], str]) -> None:
        barrier.wait()
        try:
            outcomes.append(act())
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def accept(person: Person, token: str) -> Callable[[], str]:
    def act() -> str:
        invitation_accept(person=person, token=token)
        return "joined"

    return act


@pytest.mark.django_db(transaction=True)
def test_of_twenty_acceptances_at_once_one_counts(
    invitation: Invitation, acme: Tenant, dana: Person, published: Published
) -> None:
    before = published()
    outcomes = at_once(*[accept(dana, token_of(acme, invitation))] * 20)
    assert outcomes == [*["invitation_accepted"] * 19, "joined"]
    assert Member.objects.filter(person_id=dana.id).count() == 1
    assert published()[len(before) :] == [
        "organizations.role_binding_changed",
        "organizations.member_joined",
        "organizations.invitation_accepted",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [invitation_revoke, invitation_resend])
def test_of_an_acceptance_and_its_opposite_at_once_one_counts(
    invitation: Invitation, acme: Tenant, alice: Person, dana: Person, act: Callable
) -> None:
    def opposite() -> str:
        with tenant_context(acme):
            act(actor=actor_for(alice), invitation_id=invitation.id)
        return "done"

    outcomes = at_once(accept(dana, token_of(acme, invitation)), opposite)
    assert outcomes in (
        ["invitation_closed", "joined"],
        ["done", "invitation_revoked"],
        ["done", "invitation_replaced"],
    )
    came = Member.objects.filter(person_id=dana.id).exists()
    assert came is ("joined" in outcomes)


@pytest.mark.parametrize("what", ["removed", "deactivated", "no right", "role grew", "role gone"])
def test_an_invitation_is_as_good_as_its_inviters_rights(
    what: str,
    bob_invites: tuple[Invitation, RoleBinding],
    acme: Tenant,
    owner: Actor,
    alice_member: Member,
    bob_member: Member,
    dana: Person,
    root: Organization,
    published: Published,
) -> None:
    invitation, binding = bob_invites
    token = token_of(acme, invitation)
    if what in ("removed", "deactivated"):
        member_update_status(actor=owner, member_id=bob_member.id, status=what)
    elif what == "no right":
        binding_delete(actor=owner, binding_id=binding.id)
    else:
        clerks = role_create(actor=owner, name="Clerks", permission_codes=[])
        Invitation.objects.filter(id=invitation.id).update(role_ids=[clerks.id])
        if what == "role gone":
            clerks.delete()
        else:
            assert invitation_open(token).problem == ""
            role_update(
                actor=owner,
                role_id=clerks.id,
                permission_codes=["organizations.remove_member"],
            )
    before = published()
    assert invitation_open(token).problem == "void"
    with pytest.raises(Gone) as caught:
        invitation_accept(person=dana, token=token)
    assert caught.value.code == "invitation_void"
    assert not Member.objects.filter(person_id=dana.id).exists()
    assert published() == before
    if what == "role gone":
        return
    # Somebody who may sends it again, and is its inviter.
    sent = invitation_resend(actor=owner, invitation_id=invitation.id)
    assert sent.invited_by == alice_member
    _tenant, member = invitation_accept(person=dana, token=token_of(acme, sent))
    assert member.is_active


def test_who_may_not_give_the_roles_cannot_send_it_again(
    invitation: Invitation,
    owner: Actor,
    bob: Person,
    bob_may_invite: RoleBinding,
    role: Callable[[str], Role],
    alice_member: Member,
) -> None:
    Invitation.objects.filter(id=invitation.id).update(role_ids=[role("admin").id])
    with pytest.raises(PermissionDenied):
        invitation_resend(actor=actor_for(bob), invitation_id=invitation.id)
    invitation.refresh_from_db()
    assert invitation.invited_by == alice_member
