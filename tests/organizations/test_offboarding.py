"""A member leaves; what they owned has an owner afterwards."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.selectors import owners_exist_besides
from apps.organizations.services import (
    binding_create,
    invitation_create,
    invitation_revoke,
    member_offboard,
    member_update_status,
)
from apps.roles.models import ApiKey
from apps.roles.selectors import role_by_code
from apps.roles.services import api_key_revoke
from apps.tenants.models import Tenant
from tests.api.client import api
from tests.roles.support import answer, by_key, make_key

__all__ = ["api"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def invited(owner: Actor, root: Organization) -> list[Invitation]:
    """Three by alice, one of them taken back."""
    made = [
        invitation_create(
            actor=owner,
            email=f"{name}@acme.test",
            role_ids=[role_by_code("member").id],
            organization_id=root.id,
        )
        for name in ("ann", "ben", "cat")
    ]
    invitation_revoke(actor=owner, invitation_id=made[2].id)
    return made


def test_everything_goes_to_the_successor(
    owner: Actor, alice_member: Member, bob_member: Member, invited: list[Invitation], bob: Person
) -> None:
    owned = member_offboard(actor=owner, member_id=alice_member.id, successor_id=bob_member.id)
    assert [(one.code, one.count) for one in owned] == [
        ("organizations.invitation", 2),
        ("organizations.workspace", 1),
    ]
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.REMOVED
    assert [grant.role for grant in actor_for(bob).grants] == ["member", "owner"]
    by = dict(Invitation.objects.values_list("email", "invited_by_id"))
    assert by == {
        "ann@acme.test": bob_member.id,
        "ben@acme.test": bob_member.id,
        "cat@acme.test": alice_member.id,
    }
    event = OutboxEvent.objects.get(name="organizations.member_offboarded")
    assert event.payload == {
        "member_id": str(alice_member.id),
        "successor_id": str(bob_member.id),
        "handed_over": "organizations.invitation: 2, organizations.workspace: 1",
    }


def test_keys_stay_good_and_somebody_looks_after_them(
    owner: Actor, alice_member: Member, bob_member: Member, bob: Person
) -> None:
    made, revoked = make_key(owner), make_key(owner, "Revoked")
    api_key_revoke(actor=owner, api_key_id=revoked.key.id)
    owned = member_offboard(actor=owner, member_id=alice_member.id, successor_id=bob_member.id)
    assert [(one.code, one.count) for one in owned] == [
        ("organizations.workspace", 1),
        ("roles.api_key", 1),
    ]
    key = ApiKey.objects.get(id=made.key.id)
    assert (key.created_by, key.created_by_member_id) == ("bob@acme.test", bob_member.id)
    assert key.created_by_person_id == bob.id
    assert key.digest == made.key.digest
    assert ApiKey.objects.get(id=revoked.key.id).created_by == "alice@acme.test"
    event = OutboxEvent.objects.get(name="roles.api_key_transferred")
    assert event.payload["to_member_id"] == str(bob_member.id)
    assert answer(by_key(made.text)) == (200, "")


def test_dry_run_changes_nothing(
    owner: Actor, alice_member: Member, bob_member: Member, invited: list[Invitation]
) -> None:
    owned = member_offboard(
        actor=owner, member_id=alice_member.id, successor_id=bob_member.id, dry_run=True
    )
    assert len(owned) == 2
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.ACTIVE
    assert not owners_exist_besides(alice_member.id)
    assert set(Invitation.objects.values_list("invited_by_id", flat=True)) == {alice_member.id}
    assert not OutboxEvent.objects.filter(name="organizations.member_offboarded").exists()


def test_who_can_take_over(owner: Actor, alice_member: Member, bob_member: Member) -> None:
    for successor_id in (bob_member.id, alice_member.person_id):
        with pytest.raises(InvalidInput):
            member_offboard(actor=owner, member_id=bob_member.id, successor_id=successor_id)
    member_update_status(actor=owner, member_id=bob_member.id, status=MemberStatus.DEACTIVATED)
    with pytest.raises(InvalidInput):
        member_offboard(actor=owner, member_id=alice_member.id, successor_id=bob_member.id)
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.ACTIVE


def test_members_and_admins_do_not_offboard_owners(
    owner: Actor, bob: Person, alice_member: Member, bob_member: Member, root: Organization
) -> None:
    with pytest.raises(PermissionDenied):
        member_offboard(actor=actor_for(bob), member_id=alice_member.id, successor_id=bob_member.id)
    binding_create(
        actor=owner,
        member_id=bob_member.id,
        role_id=role_by_code("admin").id,
        organization_id=root.id,
    )
    with pytest.raises(PermissionDenied):
        member_offboard(actor=actor_for(bob), member_id=alice_member.id, successor_id=bob_member.id)
    assert not owners_exist_besides(alice_member.id)


def test_nobody_of_another_tenant(
    owner: Actor, bob_member: Member, globex: Tenant, charlie: Person
) -> None:
    with tenant_context(globex):
        foreign = Member.objects.get(person_id=charlie.id)
    with pytest.raises(InvalidInput):
        member_offboard(actor=owner, member_id=bob_member.id, successor_id=foreign.id)
    with pytest.raises(NotFound):
        member_offboard(actor=owner, member_id=foreign.id, successor_id=bob_member.id)


def test_api(
    api: Any, alice: Person, alice_member: Member, bob_member: Member, bob: Person
) -> None:
    client = api(alice)
    path = f"members/{alice_member.id}/offboard/"
    bad: list[Any] = [{}, {"successor_id": "x"}, {"successor_id": str(alice_member.id)}]
    for body in bad:
        assert client.post(path, body).status_code == 400
    preview = client.post(path, {"successor_id": str(bob_member.id), "dry_run": True})
    assert preview.json() == {
        "handed_over": [
            {
                "code": "organizations.workspace",
                "label": "The workspace itself, as its only owner",
                "count": 1,
            }
        ]
    }
    assert api(bob).post(path, {"successor_id": str(bob_member.id)}).status_code == 403
    done = client.post(path, {"successor_id": str(bob_member.id)})
    assert (done.status_code, done.json()) == (200, preview.json())
    assert client.get("members/").status_code == 404


def test_removing_the_last_owner_is_still_refused(owner: Actor, alice_member: Member) -> None:
    with pytest.raises(Conflict):
        member_update_status(actor=owner, member_id=alice_member.id, status=MemberStatus.REMOVED)
