"""Groups by SCIM, and the roles that they give where an administrator has mapped them."""

from typing import Any

import pytest

from apps.accounts.services import person_create
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for, actor_of_member
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Group, Invitation, Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    group_map,
    invitation_accept,
    organization_create,
    organization_delete,
)
from apps.roles.models import Role
from apps.roles.services import role_create, role_delete
from tests.conftest import SYSTEM, World
from tests.organizations.scim.conftest import GROUP, Scim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ours")]
FAR = "0197c2a4-0000-7000-8000-000000000000"


def held(world: World, email: str) -> list[tuple[str, bool]]:
    """The roles of a member, and whether each comes with a group."""
    with tenant_context(world.acme):
        actor = actor_of_member(Member.objects.get(email=email).id)
        assert actor is not None
        return sorted({(grant.role, bool(grant.group)) for grant in actor.grants})


def mapped(world: World, group: dict[str, Any], role: str, actor: Actor | None = None) -> None:
    with tenant_context(world.acme):
        group_map(
            actor=actor or actor_for(world.alice),
            group_id=group["id"],
            role_id=Role.objects.get(code=role).id,
            organization_id=Organization.objects.get(depth=1).id,
        )


def test_a_group_is_made_read_changed_and_deleted(scim: Scim) -> None:
    bob, jane = scim.find("bob@acme.test"), scim.user("jane@acme.test", displayName="Jane")
    made = scim.group("Engineering", jane["id"], bob["id"], externalId="g-1")
    location = f"http://acme.localhost:8000/scim/v2/Groups/{made['id']}"
    assert (made["displayName"], made["externalId"], made["meta"]["location"]) == (
        "Engineering",
        "g-1",
        location,
    )
    assert made["members"] == [
        {
            "value": one["id"],
            "$ref": f"http://acme.localhost:8000/scim/v2/Users/{one['id']}",
            "type": "User",
            "display": one["displayName"],
        }
        for one in (bob, jane)
    ]
    path = f"Groups/{made['id']}"
    assert scim.get(path) == (200, made)
    assert scim.find("jane@acme.test")["groups"] == [
        {"value": made["id"], "display": "Engineering"}
    ]
    _status, listed = scim.get(
        "Groups", excludedAttributes="members", filter='displayName eq "engineering"'
    )
    assert listed["Resources"] == [{key: made[key] for key in made if key != "members"}]
    _status, one = scim.get(path, attributes="members.value")
    assert one["members"] == [{"value": bob["id"]}, {"value": jane["id"]}]
    assert scim.get("Groups", filter=f'members[value eq "{bob["id"]}"]')[1]["totalResults"] == 1
    assert scim.get("Groups", filter=f'members.value eq "{FAR}"')[1]["totalResults"] == 0
    status, body = scim.put(
        path, {"schemas": [GROUP], "displayName": "R&D", "members": [{"value": jane["id"]}]}
    )
    assert (status, body["displayName"], body["externalId"]) == (200, "R&D", "g-1")
    assert [one["value"] for one in body["members"]] == [jane["id"]]
    assert scim.delete(path) == (204, None)
    assert scim.get(path)[0] == 404
    assert "groups" not in scim.find("jane@acme.test")


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (
            {"op": "Add", "path": "members", "value": [{"value": "JANE"}, {"value": "BOB"}]},
            ["BOB", "JANE"],
        ),
        ({"op": "add", "value": {"members": [{"value": "JANE"}]}}, ["BOB", "JANE"]),
        ({"op": "Remove", "path": "members", "value": [{"value": "BOB"}]}, []),
        ({"op": "remove", "path": 'members[value eq "BOB"]'}, []),
        ({"op": "remove", "path": 'members[value eq "JANE"]'}, ["BOB"]),
        ({"op": "remove", "path": "members"}, []),
        ({"op": "replace", "path": "members", "value": [{"value": "JANE"}]}, ["JANE"]),
        ({"op": "replace", "value": {"id": "GROUP", "displayName": "New"}}, ["BOB"]),
    ],
    ids=["add", "add without path", "entra removes", "filter", "nobody", "all", "replace", "okta"],
)
def test_members_come_and_go(scim: Scim, operation: Any, left: list[str]) -> None:
    ids = {"BOB": scim.find("bob@acme.test")["id"], "JANE": scim.user("jane@acme.test")["id"]}
    group = scim.group("Engineering", ids["BOB"])
    ids["GROUP"] = group["id"]

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        for name, one in ids.items():
            value = value.replace(name, one)
        return value

    status, body = scim.patch(f"Groups/{group['id']}", filled(operation))
    assert status == 200, body
    names = {one: name for name, one in ids.items()}
    assert sorted(names[one["value"]] for one in body.get("members", [])) == left
    renamed = "displayName" in operation.get("value", ())
    assert body["displayName"] == ("New" if renamed else "Engineering")


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": ""},
        {"displayName": "x" * 256},
        {"displayName": "ok", "members": [{"value": FAR}]},
        {"displayName": "ok", "members": [{"value": "nonsense"}]},
        {"displayName": "ok", "members": [{}]},
        {},
    ],
)
def test_bad_groups_are_refused(scim: Scim, world: World, body: Any) -> None:
    status, answer = scim.post("Groups", {"schemas": [GROUP], **body})
    assert (status, answer["scimType"]) == (400, "invalidValue"), answer
    with tenant_context(world.acme):
        assert not Group.objects.exists()


def test_taken_names_are_refused(scim: Scim) -> None:
    scim.group("Engineering", externalId="g-1")
    other = scim.group("Sales")
    for body in ({"displayName": "ENGINEERING"}, {"displayName": "Other", "externalId": "g-1"}):
        status, answer = scim.post("Groups", {"schemas": [GROUP], **body})
        assert (status, answer["scimType"]) == (409, "uniqueness")
    status, answer = scim.patch(
        f"Groups/{other['id']}", {"op": "replace", "path": "displayName", "value": "engineering"}
    )
    assert (status, answer["scimType"]) == (409, "uniqueness")


def test_versions(scim: Scim) -> None:
    bob = scim.find("bob@acme.test")
    group = scim.group("Engineering", bob["id"])
    path, old = f"Groups/{group['id']}", group["meta"]["version"]
    assert scim("GET", path, headers={"If-None-Match": old})[0] == 304
    scim.delete(f"Users/{bob['id']}")
    status, body = scim("GET", path, headers={"If-None-Match": old})
    assert (status, "members" in body) == (200, False)
    change = {"op": "replace", "path": "displayName", "value": "R&D"}
    assert scim.patch(path, change, headers={"If-Match": old})[0] == 412
    assert scim.delete(path, headers={"If-Match": old})[0] == 412
    assert scim.delete(path, headers={"If-Match": body["meta"]["version"]})[0] == 204


def test_a_mapped_group_gives_its_role_and_takes_it(scim: Scim, world: World) -> None:
    bob, jane = scim.find("bob@acme.test"), scim.user("jane@acme.test")
    group = scim.group("Admins", bob["id"])
    assert held(world, "bob@acme.test") == [("member", False)]
    mapped(world, group, "admin")
    assert held(world, "bob@acme.test") == [("admin", True), ("member", False)]
    path = f"Groups/{group['id']}"
    scim.patch(path, {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    assert held(world, "jane@acme.test") == [("admin", True), ("member", False)]
    scim.patch(path, {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'})
    assert held(world, "bob@acme.test") == [("member", False)]
    with tenant_context(world.acme):
        group_map(
            actor=actor_for(world.alice), group_id=group["id"], role_id=None, organization_id=None
        )
    assert held(world, "jane@acme.test") == [("member", False)]
    mapped(world, group, "admin")
    assert held(world, "jane@acme.test") == [("admin", True), ("member", False)]
    scim.delete(path)
    assert held(world, "jane@acme.test") == [("member", False)]


def test_a_role_stays_with_the_last_group_and_with_the_hand_that_gave_it(
    scim: Scim, world: World
) -> None:
    bob = scim.find("bob@acme.test")
    first, second = scim.group("First", bob["id"]), scim.group("Second", bob["id"])
    mapped(world, first, "admin")
    mapped(world, second, "admin")
    third = scim.group("Third", bob["id"])
    mapped(world, third, "member")
    both = [("admin", True), ("member", False), ("member", True)]
    assert held(world, "bob@acme.test") == both
    scim.delete(f"Groups/{first['id']}")
    assert held(world, "bob@acme.test") == both
    scim.delete(f"Groups/{second['id']}")
    scim.delete(f"Groups/{third['id']}")
    assert held(world, "bob@acme.test") == [("member", False)]


def test_what_a_group_holds_is_no_members_own(scim: Scim, world: World) -> None:
    group = scim.group("Admins", scim.find("bob@acme.test")["id"])
    mapped(world, group, "admin")
    with tenant_context(world.acme):
        binding = RoleBinding.objects.get(group_id=group["id"])
        assert binding.member is None
        alice, bob = actor_for(world.alice), Member.objects.get(email="bob@acme.test")
        own = binding_create(
            actor=alice,
            member_id=bob.id,
            role_id=binding.role_id,
            organization_id=binding.organization_id,
        )
    assert held(world, "bob@acme.test") == [("admin", False), ("admin", True), ("member", False)]
    with tenant_context(world.acme):
        binding_delete(actor=alice, binding_id=own.id)
    assert held(world, "bob@acme.test") == [("admin", True), ("member", False)]
    with tenant_context(world.acme):
        binding_delete(actor=alice, binding_id=binding.id)
    assert held(world, "bob@acme.test") == [("member", False)]


def test_nobody_maps_to_more_than_they_hold(scim: Scim, world: World) -> None:
    bob = scim.find("bob@acme.test")
    group = scim.group("Admins", bob["id"])
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        root = Organization.objects.get(depth=1)
        mapper = role_create(
            actor=alice,
            name="Mapper",
            permission_codes=[
                "organizations.manage_provisioning",
                "organizations.view_organization",
                "organizations.view_member",
                "roles.view_role",
                "roles.bind_role",
            ],
        )
        member = Member.objects.get(email="bob@acme.test")
        binding_create(actor=alice, member_id=member.id, role_id=mapper.id, organization_id=root.id)
        bob_actor = actor_for(world.bob)
    with pytest.raises(PermissionDenied):
        mapped(world, group, "admin", bob_actor)
    mapped(world, group, "admin")
    # Nor takes away what others have mapped above it.
    with pytest.raises(PermissionDenied):
        mapped(world, group, "member", bob_actor)
    with pytest.raises(InvalidInput) as refused:
        mapped(world, group, "owner")
    assert refused.value.code == "owner"
    assert ("owner", True) not in held(world, "bob@acme.test")
    assert ("admin", True) in held(world, "bob@acme.test")


def test_a_plain_member_maps_nothing(scim: Scim, world: World) -> None:
    group = scim.group("Admins")
    with tenant_context(world.acme):
        member = actor_for(world.bob)
    with pytest.raises(PermissionDenied):
        mapped(world, group, "member", member)


def test_what_a_group_maps_to_is_not_deleted(scim: Scim, world: World) -> None:
    group = scim.group("Lisbon people")
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        root = Organization.objects.get(depth=1)
        branch = organization_create(actor=alice, name="Lisbon", parent_id=root.id)
        role = role_create(actor=alice, name="Clerk", permission_codes=[])
        group_map(actor=alice, group_id=group["id"], role_id=role.id, organization_id=branch.id)
        with pytest.raises(Conflict):
            organization_delete(actor=alice, organization_id=branch.id)
        with pytest.raises(Conflict):
            role_delete(actor=alice, role_id=role.id)


def test_who_is_invited_gets_the_groups_role_on_accepting(scim: Scim, world: World) -> None:
    dana = scim.user("dana@example.com", displayName="Dana Directory")
    group = scim.group("Admins", dana["id"])
    mapped(world, group, "admin")
    person = person_create(actor=SYSTEM, email="dana@example.com", name="Dana", password="x" * 12)
    with tenant_context(world.acme):
        invitation = Invitation.objects.get(email="dana@example.com")
        token = token_make(world.acme.id, invitation.id, invitation.nonce)
    invitation_accept(person=person, token=token)
    drain_once()
    assert held(world, "dana@example.com") == [("admin", True), ("member", False)]
    found = scim.find("dana@example.com")
    assert (found["id"], found["active"], found["displayName"]) == (
        dana["id"],
        True,
        "Dana Directory",
    )
    with tenant_context(world.acme):
        assert Member.objects.get(person_id=person.id).name == "Dana Directory"
