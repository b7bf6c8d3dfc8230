"""Seats: asked wherever one more would come in, and never given twice."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person, TenantMembership
from apps.common.actors import Actor
from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations import seats
from apps.organizations.invitation_csv import InvitationRow
from apps.organizations.models import Invitation, JoinRequest, Member, Organization
from apps.organizations.services import (
    invitation_accept,
    invitation_create,
    invitation_resend,
    invitation_revoke,
    invitations_create,
    join_request_approve,
    member_update_status,
    tenant_join,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.conftest import Entitle, make_person
from tests.organizations.conftest import Published
from tests.organizations.test_invitations import token_of

pytestmark = pytest.mark.django_db
SetLimit = Callable[[int | None], None]


@pytest.fixture
def limit(entitle: Entitle) -> SetLimit:
    """`limit(3)`: acme has 3 seats, all others any number."""
    return lambda number: entitle({"organizations.seats": number})


@pytest.fixture
def invite(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Callable:
    def make(email: str) -> Invitation:
        return invitation_create(
            actor=owner, email=email, role_ids=[role("member").id], organization_id=root.id
        )

    return make


def refused(act: Callable[[], object]) -> bool:
    with pytest.raises(EntitlementExceeded) as caught:
        act()
    return (caught.value.status, caught.value.code) == (402, "entitlement_exceeded")


def test_without_a_limit_anybody_comes(limit: SetLimit, invite: Callable) -> None:
    limit(None)
    for number in range(5):
        invite(f"p{number}@b.test")
    assert seats.seats_to_invite() is None


def test_inviting_counts_members_and_open_invitations(
    limit: SetLimit, invite: Callable, owner: Actor, published: Published
) -> None:
    limit(4)
    first, second = invite("a@b.test"), invite("b@b.test")
    before = published()
    assert refused(lambda: invite("c@b.test"))
    assert (Invitation.objects.count(), published()) == (2, before)
    invitation_resend(actor=owner, invitation_id=first.id)
    invitation_revoke(actor=owner, invitation_id=second.id)
    third = invite("c@b.test")
    # What has expired holds no seat, and needs one to be sent again.
    past = timezone.now() - timedelta(seconds=1)
    Invitation.objects.filter(id=first.id).update(expires_at=past)
    invite("d@b.test")
    assert refused(lambda: invitation_resend(actor=owner, invitation_id=first.id))
    invitation_revoke(actor=owner, invitation_id=third.id)
    invitation_resend(actor=owner, invitation_id=first.id)


def test_who_is_invited_and_came_otherwise_holds_one_seat(
    limit: SetLimit, invite: Callable, acme: Tenant, dana: Person, open_domain: Callable
) -> None:
    limit(4)
    invite("Dana@acme.test")
    open_domain("automatic")
    tenant_join(person=dana, tenant_id=acme.id)
    assert seats.seats_to_invite() == 1


def test_many_rows_get_what_is_left(limit: SetLimit, owner: Actor) -> None:
    limit(4)
    given = [
        InvitationRow(line, email)
        for line, email in enumerate(["a@b.test", "bad", "b@b.test", "c@b.test", "d@b.test"], 2)
    ]
    expected = ["", "invalid", "", "entitlement_exceeded", "entitlement_exceeded"]
    for dry_run in (True, False):
        made = invitations_create(actor=owner, rows=given, dry_run=dry_run)
        assert [one.code for one in made] == expected
    assert Invitation.objects.count() == 2


def test_coming_in_every_way(
    limit: SetLimit,
    invite: Callable,
    acme: Tenant,
    owner: Actor,
    bob: Person,
    bob_member: Member,
    dana: Person,
    root: Organization,
    role: Callable[[str], Role],
    open_domain: Callable[..., EmailDomain],
    published: Published,
) -> None:
    invitation = invite(dana.email)
    domain = open_domain("automatic")
    request = JoinRequest.objects.create(person_id=dana.id, email=dana.email, name=dana.name)
    before = published()
    limit(2)
    assert refused(lambda: invitation_accept(person=dana, token=token_of(acme, invitation)))
    assert refused(lambda: tenant_join(person=dana, tenant_id=acme.id))
    assert refused(
        lambda: join_request_approve(
            actor=owner,
            join_request_id=request.id,
            role_ids=[role("member").id],
            organization_id=root.id,
        )
    )
    # Asking takes no seat.
    EmailDomain.objects.filter(id=domain.id).update(join_mode="request")
    assert tenant_join(person=dana, tenant_id=acme.id).request == request
    assert published() == before
    assert not Member.objects.filter(person_id=dana.id).exists()
    assert not TenantMembership.objects.filter(person=dana).exists()

    # Who leaves makes room, and needs it again to come back.
    member_update_status(actor=owner, member_id=bob_member.id, status="deactivated")
    invitation_accept(person=dana, token=token_of(acme, invitation))
    assert refused(
        lambda: member_update_status(actor=owner, member_id=bob_member.id, status="active")
    )
    bob_member.refresh_from_db()
    assert bob_member.status == "deactivated"
    limit(3)
    member_update_status(actor=owner, member_id=bob_member.id, status="active")
    # Fewer seats than members put nobody out, and an active member needs no other.
    limit(1)
    again = invite_of_a_member(owner, bob.email, root, role("admin"))
    invitation_accept(person=bob, token=token_of(acme, again))
    assert Member.objects.filter(status="active").count() == 3


def invite_of_a_member(actor: Actor, email: str, root: Organization, role: Role) -> Invitation:
    """As one that was sent before they came in another way."""
    return Invitation.objects.create(
        email=email,
        organization=root,
        role_ids=[role.id],
        invited_by_id=actor.member_id,
        expires_at=timezone.now() + timedelta(days=1),
    )


def test_another_workspace_has_seats_of_its_own(
    limit: SetLimit, globex: Tenant, open_domain: Callable[..., EmailDomain], world: object
) -> None:
    limit(0)
    open_domain("automatic", tenant=globex, name="globex.test")
    eve = make_person("Eve", "eve@globex.test")
    assert tenant_join(person=eve, tenant_id=globex.id).member is not None


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_join_at_once_three_get_the_last_three_seats(
    limit: SetLimit,
    invite: Callable,
    acme: Tenant,
    open_domain: Callable[..., EmailDomain],
    published: Published,
) -> None:
    """Half of them by the domain, half by an invitation."""
    people = [make_person(f"P{number}", f"p{number}@acme.test") for number in range(20)]
    tokens = [token_of(acme, invite(person.email)) for person in people[:10]]
    open_domain("automatic")
    limit(5)
    before = len(published())
    barrier = threading.Barrier(20)
    outcomes: list[str] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            if number < 10:
                invitation_accept(person=people[number], token=tokens[number])
            else:
                tenant_join(person=people[number], tenant_id=acme.id)
            outcomes.append("joined")
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [*["entitlement_exceeded"] * 17, *["joined"] * 3]
    with tenant_context(acme):
        assert Member.objects.filter(status="active").count() == 5
    assert TenantMembership.objects.filter(tenant=acme).count() == 5
    assert published()[before:].count("organizations.member_joined") == 3


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_invite_at_once_three_get_the_last_three_seats(
    limit: SetLimit, acme: Tenant, owner: Actor, root: Organization, role: Callable[[str], Role]
) -> None:
    limit(5)
    role_ids = [role("member").id]
    barrier = threading.Barrier(20)
    outcomes: list[str] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            with tenant_context(acme):
                if number % 2:
                    row = InvitationRow(1, f"p{number}@b.test")
                    (one,) = invitations_create(actor=owner, rows=[row])
                    outcomes.append(one.code)
                else:
                    invitation_create(
                        actor=owner,
                        email=f"p{number}@b.test",
                        role_ids=role_ids,
                        organization_id=root.id,
                    )
                    outcomes.append("")
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [*[""] * 3, *["entitlement_exceeded"] * 17]
    assert Invitation.objects.count() == 3
