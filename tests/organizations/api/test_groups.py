"""Groups, times, previews and explanations by the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.access import permissions
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.organizations.services import local_group_create, organization_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING, api, bearer, same_problem, statements

__all__ = ["api", "bearer"]
pytestmark = pytest.mark.django_db
UPDATE = "organizations.update_member"
# The tenant, the token and the actor: in a test's transaction nothing is remembered.
CALLER = 3


@pytest.fixture
def lisbon(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def team(owner: Actor, lisbon: Organization) -> Organization:
    return organization_create(actor=owner, name="Team", parent_id=lisbon.id)


@pytest.fixture
def group(owner: Actor) -> Group:
    return local_group_create(actor=owner, name="Admins")


@pytest.fixture
def held(
    api: Any,
    alice: Person,
    group: Group,
    lisbon: Organization,
    bob_member: Member,
    role: Callable[[str], Role],
) -> dict[str, Any]:
    """The group is administrator in Lisbon, and bob is in it: the binding."""
    caller = api(alice)
    added = caller.post(f"groups/{group.id}/members/", {"member_ids": [str(bob_member.id)]})
    assert added.json()["effects"] == []
    body = {
        "group_id": str(group.id),
        "role_id": str(role("admin").id),
        "organization_id": str(lisbon.id),
    }
    response = caller.post("role-bindings/", body)
    assert response.status_code == 201
    return dict(response.json())


def test_a_group_from_its_making_to_its_end(api: Any, alice: Person, bob_member: Member) -> None:
    caller = api(alice)
    made = caller.post("groups/", {"name": " On  call "})
    body = made.json()
    path = f"groups/{body['id']}/"
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/{path}")
    assert (body["name"], body["source"], body["member_count"], body["roles"]) == (
        "On call",
        "local",
        0,
        [],
    )
    assert caller.get(path).json() == body
    assert caller.post("groups/", {"name": "ON CALL"}).json()["errors"][0]["attr"] == "name"
    renamed = caller.patch(path, {"name": "Night"}, headers={"If-Match": made["ETag"]})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Night")
    assert caller.patch(path, {"name": "x"}, headers={"If-Match": made["ETag"]}).status_code == 412
    members = f"{path}members/"
    ids = {"member_ids": [str(bob_member.id)]}
    assert caller.post(members, {**ids, "dry_run": True}).status_code == 200
    assert caller.get(members).json()["results"] == []
    assert caller.post(members, ids).status_code == 200
    (one,) = caller.get(members).json()["results"]
    assert (one["member_id"], one["email"]) == (str(bob_member.id), "bob@acme.test")
    assert caller.delete(f"{members}{bob_member.id}/").status_code == 204
    assert caller.delete(f"{members}{bob_member.id}/").status_code == 204
    assert caller.delete(path).status_code == 204
    assert caller.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "groups/", {}),
        ("POST", "groups/", {"name": ""}),
        ("POST", "groups/", {"name": 5}),
        ("PATCH", "groups/GROUP/", {}),
        ("PATCH", "groups/GROUP/", {"role_id": None}),
        ("PATCH", "groups/GROUP/", {"name": "x" * 256}),
        ("POST", "groups/GROUP/members/", {}),
        ("POST", "groups/GROUP/members/", {"member_ids": []}),
        ("POST", "groups/GROUP/members/", {"member_ids": ["x"]}),
        ("POST", "groups/GROUP/members/", {"member_ids": [MISSING]}),
        ("POST", "groups/GROUP/members/", {"member_ids": [MISSING], "dry_run": "yes"}),
        ("GET", "groups/?source=nowhere", None),
        ("DELETE", "groups/GROUP/?dry_run=perhaps", None),
        ("PATCH", "role-bindings/BINDING/", {}),
        ("PATCH", "role-bindings/BINDING/", {"ends_at": "soon"}),
        ("PATCH", "role-bindings/BINDING/", {"ends_at": "2001-01-01T00:00:00Z"}),
        ("PATCH", "role-bindings/BINDING/", {"ends_at": "9999-12-31T23:59:59-14:00"}),
        ("POST", "role-bindings/", {"role_id": MISSING, "organization_id": MISSING}),
        ("DELETE", "role-bindings/BINDING/?dryrun=true", None),
        ("POST", f"roles/{MISSING}/retire/", {"dry_run": 1}),
        ("GET", "members/MEMBER/access/?organization=x", None),
    ],
)
def test_bad_input(
    api: Any,
    alice: Person,
    group: Group,
    held: dict[str, Any],
    bob_member: Member,
    method: str,
    path: str,
    body: Any,
) -> None:
    for name, value in (("GROUP", group.id), ("BINDING", held["id"]), ("MEMBER", bob_member.id)):
        path = path.replace(name, str(value))
    response = api(alice)(method, path, body)
    assert response.status_code in (400, 404), response.content
    if response.status_code == 404:
        assert body == {"role_id": MISSING, "organization_id": MISSING}
    assert Group.objects.get().display_name == "Admins"
    assert RoleBinding.objects.get(id=held["id"]).ends_at is None
    assert group.memberships.count() == 1


def test_who_may(api: Any, bob: Person, charlie: Person, group: Group, held: Any) -> None:
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        caller = api(person)
        for response in (
            caller.get("groups/"),
            caller.post("groups/", {"name": "Mine"}),
            caller.get(f"groups/{group.id}/"),
            caller.patch(f"groups/{group.id}/", {"name": "Mine"}),
            caller.delete(f"groups/{group.id}/"),
            caller.get(f"groups/{group.id}/members/"),
            caller.post(f"groups/{group.id}/members/", {"member_ids": [MISSING]}),
            caller.delete(f"groups/{group.id}/members/{MISSING}/"),
            caller.post(f"roles/{MISSING}/retire/"),
        ):
            assert response.status_code == status, response.content
    assert Group.objects.get().display_name == "Admins"
    # Nor does who sees no groups see what they hold.
    found = api(bob).get("role-bindings/").json()["results"]
    assert {row["group"] for row in found} == {None}
    assert api(bob).get(f"role-bindings/{held['id']}/").status_code == 404


def test_another_tenants_are_like_missing_ones(
    api: Any, alice: Person, globex: Tenant, group: Group, bob_member: Member
) -> None:
    with tenant_context(globex):
        theirs = Group.objects.create(display_name="Theirs", is_local=True)
        charlie = Member.objects.get()
        role = Role.objects.create(code="x", name="X")
        binding = RoleBinding.objects.get()
    caller = api(alice)
    for one, other in (
        (f"groups/{theirs.id}/", f"groups/{MISSING}/"),
        (f"groups/{theirs.id}/members/", f"groups/{MISSING}/members/"),
        (f"members/{charlie.id}/access/", f"members/{MISSING}/access/"),
        (f"role-bindings/{binding.id}/", f"role-bindings/{MISSING}/"),
    ):
        same_problem(caller.get(one), caller.get(other))
    same_problem(caller.delete(f"groups/{theirs.id}/"), caller.delete(f"groups/{MISSING}/"))
    same_problem(
        caller.post(f"roles/{role.id}/retire/", {"with_bindings": True}),
        caller.post(f"roles/{MISSING}/retire/", {"with_bindings": True}),
    )
    refused = caller.post(f"groups/{group.id}/members/", {"member_ids": [str(charlie.id)]})
    assert (refused.status_code, group.memberships.count()) == (400, 0)
    with tenant_context(globex):
        assert Group.objects.filter(id=theirs.id).exists()
        assert Role.objects.filter(id=role.id).exists()


def test_previews_change_nothing_and_come_true(
    api: Any, alice: Person, bob_member: Member, group: Group, held: dict[str, Any], team: Any
) -> None:
    caller = api(alice)
    paths = (
        f"role-bindings/{held['id']}/?dry_run=true",
        f"groups/{group.id}/?dry_run=true",
        f"groups/{group.id}/members/{bob_member.id}/?dry_run=true",
    )
    for path in paths:
        response = caller.delete(path)
        assert response.status_code == 200, response.content
        body = response.json()
        assert [one["email"] for one in body["losing"]] == ["bob@acme.test"]
        assert (body["gaining"], body["losing_count"], body["effect_count"]) == ([], 1, 1)
        (effect,) = body["effects"]
        assert (effect["organization"]["name"], effect["organizations"]) == ("Lisbon", 2)
        assert UPDATE in effect["lost"]
        # Held otherwise: as a member of the whole workspace.
        assert "organizations.view_member" not in effect["lost"]
    assert caller.get(f"role-bindings/{held['id']}/").json() == held
    assert caller.delete(f"role-bindings/{held['id']}/").status_code == 204
    assert caller.delete(f"groups/{group.id}/?dry_run=true").json()["effects"] == []


def test_a_binding_for_a_time(
    api: Any, alice: Person, bob_member: Member, role: Any, lisbon: Organization
) -> None:
    caller = api(alice)
    starts, ends = (timezone.now() + timedelta(days=days) for days in (1, 2))
    made = caller.post(
        "role-bindings/",
        {
            "member_id": str(bob_member.id),
            "role_id": str(role("admin").id),
            "organization_id": str(lisbon.id),
            "starts_at": starts,
            "ends_at": ends,
        },
    ).json()
    assert made["state"] == "scheduled"
    path = f"role-bindings/{made['id']}/"
    later = ends + timedelta(days=1)
    preview = caller.patch(path, {"ends_at": later, "dry_run": True}).json()
    assert [one["email"] for one in preview["gaining"]] == ["bob@acme.test"]
    assert preview["at"] == made["ends_at"]
    assert caller.get(path).json()["ends_at"] == made["ends_at"]
    changed = caller.patch(path, {"ends_at": None})
    assert (changed.status_code, changed.json()["ends_at"]) == (200, None)
    bob = caller.get(f"members/{bob_member.id}/").json()
    assert [one["state"] for one in bob["roles"]] == ["active", "scheduled"]


def test_explain_says_the_whole_chain(
    api: Any,
    bearer: Any,
    alice: Person,
    bob_member: Member,
    group: Group,
    held: dict[str, Any],
    root: Organization,
    lisbon: Organization,
    team: Organization,
) -> None:
    caller = bearer(alice)
    query = {"member": bob_member.id, "permission": UPDATE}
    caller.get("access/explain/", **query)
    with statements(CALLER + 4):
        answer = caller.get("access/explain/", **query, organization=team.id).json()
    assert (answer["allowed"], answer["reason"]) == (
        True,
        "role admin at Lisbon, through the group Admins",
    )
    assert answer["grant"] == {
        "binding_id": held["id"],
        "role": "admin",
        "role_id": held["role"]["id"],
        "organization": {"id": str(lisbon.id), "name": "Lisbon"},
        "group": {"id": str(group.id), "name": "Admins"},
        "ends_at": None,
    }
    assert [place["name"] for place in answer["path"]] == ["Lisbon", "Team"]
    with statements(CALLER + 4):
        denied = caller.get("access/explain/", **query).json()
    assert (denied["allowed"], denied["reason"]) == (False, "held only at Lisbon and below it")
    assert [one["binding_id"] for one in denied["held_elsewhere"]] == [held["id"]]
    assert [one["code"] for one in denied["missing_roles"]] == ["admin", "owner"]
    both = caller.get(
        "access/explain/",
        member=bob_member.id,
        permission="organizations.view_member",
        organization=team.id,
    ).json()
    assert [place["name"] for place in both["path"]] == ["Acme", "Lisbon", "Team"]
    assert [one["role"] for one in both["also"]] == ["admin"]


def test_what_a_member_may_do(
    bearer: Any, alice: Person, bob_member: Member, held: dict[str, Any], team: Organization
) -> None:
    caller = bearer(alice)
    path = f"members/{bob_member.id}/access/"
    caller.get(path)
    with statements(CALLER + 4):
        there = caller.get(path, organization=team.id).json()
    assert [one["permission"] for one in there["permissions"]] == list(permissions())
    allowed = {one["permission"] for one in there["permissions"] if one["allowed"]}
    assert UPDATE in allowed
    # Held at Lisbon, but it is of the whole workspace.
    assert "organizations.manage_group" not in allowed
    assert [one["organization"]["name"] for one in there["held"]] == ["Acme", "Lisbon"]
    whole = caller.get(path).json()
    assert whole["organization"] is None
    assert UPDATE not in {one["permission"] for one in whole["permissions"] if one["allowed"]}
    caller.patch(f"members/{bob_member.id}/", {"status": "deactivated"})
    gone = caller.get(path).json()
    assert not any(one["allowed"] for one in gone["permissions"])
    assert gone["held"] == []


def test_lists_cost_the_same_however_long(
    bearer: Any, alice: Person, group: Group, held: Any, owner: Actor
) -> None:
    caller = bearer(alice)
    caller.get("groups/")
    for number in range(3):
        with statements(CALLER + 2):
            assert len(caller.get("groups/").json()["results"]) == 1 + number
        local_group_create(actor=owner, name=f"Group {number}")
    with statements(CALLER + 2):
        assert len(caller.get(f"groups/{group.id}/members/").json()["results"]) == 1
    assert caller.get("groups/", source="directory").json()["results"] == []
    assert len(caller.get("groups/", q="admin").json()["results"]) == 1
    assert len(caller.get("role-bindings/", group=group.id).json()["results"]) == 1
