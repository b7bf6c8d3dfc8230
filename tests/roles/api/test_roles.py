from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.access import permissions
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization
from apps.organizations.services import binding_create
from apps.roles.models import Role
from apps.roles.services import role_create, role_update
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements

pytestmark = pytest.mark.django_db
INPUT = {"name": "Host", "permissions": ["organizations.view_member"]}


@pytest.fixture
def host_role(owner: Actor) -> Role:
    return role_create(actor=owner, name="Host", permission_codes=INPUT["permissions"])


def test_permissions_are_all_listed(api: Any, bob: Person) -> None:
    response = api(bob).get("permissions/")
    results = response.json()["results"]
    assert [row["code"] for row in results] == list(permissions())
    assert response.json()["next"] is None
    invite = next(row for row in results if row["code"] == "organizations.invite_member")
    assert invite == {
        "code": "organizations.invite_member",
        "app": "organizations",
        "label": "Invite members",
        "description": "Invite people by e-mail, see, resend and revoke invitations.",
        "scoped": True,
        "dangerous": False,
        "for_keys": True,
        "read_only": False,
        "implies": ["organizations.view_organization"],
    }


def test_list_shows_what_roles_allow(api: Any, bob: Person) -> None:
    roles = {row["code"]: row for row in api(bob).get("roles/").json()["results"]}
    assert set(roles) == {"owner", "admin", "billing_admin", "auditor", "member"}
    assert roles["owner"]["permissions"] == sorted(permissions())
    assert roles["member"]["permissions"] == [
        "credits.spend_credits",
        "organizations.view_member",
        "organizations.view_organization",
        "roles.view_role",
    ]
    assert roles["member"]["is_system"] is True


def test_lists_take_five_statements(bearer: Any, alice: Person, host_role: Role) -> None:
    client = bearer(alice)
    with statements(5):
        assert len(client.get("roles/").json()["results"]) == 6
    with statements(3):
        client.get("permissions/")


def test_create_change_delete(api: Any, alice: Person) -> None:
    client = api(alice)
    created = client.post("roles/", {**INPUT, "description": "Welcomes people."})
    assert created.status_code == 201
    role = created.json()
    assert (role["code"], role["name"], role["is_system"]) == ("host", "Host", False)
    assert role["permissions"] == ["organizations.view_member"]
    path = f"roles/{role['id']}/"
    assert created["Location"] == f"/api/v1/{path}"
    assert client.get(path).json() == role
    changed = client.patch(
        path, {"permissions": ["roles.view_role"]}, headers={"If-Match": created["ETag"]}
    )
    assert changed.json()["permissions"] == ["roles.view_role"]
    stale = client.patch(path, {"name": "Old"}, headers={"If-Match": created["ETag"]})
    assert stale.status_code == 412
    assert client.get(path).json()["name"] == "Host"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_system_roles_and_roles_in_use_stay(
    api: Any,
    alice: Person,
    owner: Actor,
    host_role: Role,
    bob_member: Member,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    client = api(alice)
    system = f"roles/{role('member').id}/"
    for response in (client.patch(system, {"name": "X"}), client.delete(system)):
        assert (response.status_code, response.json()["code"]) == (409, "system_role")
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=host_role.id, organization_id=root.id
    )
    response = client.delete(f"roles/{host_role.id}/")
    assert (response.status_code, response.json()["code"]) == (409, "role_in_use")
    assert Role.objects.count() == 6


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "!!!"}, "name"),
        ({"name": "owner"}, "name"),
        ({"description": "x" * 301}, "description"),
        ({"permissions": "roles.view_role"}, "permissions"),
        ({"permissions": ["roles.no_such"]}, "permissions"),
        ({"permissions": [7]}, "permissions.0"),
        ({"permissions": ["x" * 81]}, "permissions.0"),
        ({"permissions": ["roles.view_role"] * 201}, "permissions"),
        ({"permissions": None}, "permissions"),
    ],
)
def test_create_refuses_bad_input(
    api: Any, alice: Person, changes: dict[str, Any], attr: str
) -> None:
    response = api(alice).post("roles/", {**INPUT, **changes})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]
    with tenant_context(Tenant.objects.get(slug="acme")):
        assert Role.objects.count() == 5


def test_who_may(api: Any, bob: Person, charlie: Person, host_role: Role) -> None:
    path = f"roles/{host_role.id}/"
    for person, reads, writes in ((bob, 200, 403), (charlie, 404, 404), (None, 401, 401)):
        client = api(person)
        assert client.get("roles/").status_code == reads
        assert client.get("permissions/").status_code == reads
        assert client.get(path).status_code == reads
        assert client.post("roles/", INPUT).status_code == writes
        assert client.patch(path, {"name": "Mine"}).status_code == writes
        assert client.delete(path).status_code == writes
    assert list(Role.objects.filter(is_system=False).values_list("name", flat=True)) == ["Host"]


def test_another_tenants_role_is_like_a_missing_one(
    api: Any, alice: Person, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = Role.objects.get(code="member")
    client = api(alice)
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        there = client(method, f"roles/{foreign.id}/", body)
        assert there.status_code == 404
        same_problem(there, client(method, f"roles/{MISSING}/", body))
    with tenant_context(globex):
        assert Role.objects.filter(id=foreign.id, name="Member").exists()


def test_roles_include_roles(
    api: Any, alice: Person, host_role: Role, role: Callable[[str], Role]
) -> None:
    client = api(alice)
    member = role("member")
    created = client.post(
        "roles/",
        {
            "name": "Guide",
            "permissions": ["organizations.invite_member"],
            "includes": [str(host_role.id), str(member.id)],
        },
    )
    guide = created.json()
    assert created.status_code == 201
    assert guide["permissions"] == ["organizations.invite_member"]
    assert guide["includes"] == [
        {"id": str(host_role.id), "code": "host", "name": "Host"},
        {"id": str(member.id), "code": "member", "name": "Member"},
    ]
    assert guide["effective_permissions"] == [
        "credits.spend_credits",
        "organizations.invite_member",
        "organizations.view_member",
        "organizations.view_organization",
        "roles.view_role",
    ]
    assert guide["unknown_permissions"] == []
    refused = client.delete(f"roles/{host_role.id}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "role_included")
    # The version is of what it allows: a change of what it includes is one of it.
    client.patch(f"roles/{host_role.id}/", {"permissions": ["organizations.remove_member"]})
    path = f"roles/{guide['id']}/"
    stale = client.patch(path, {"includes": []}, headers={"If-Match": created["ETag"]})
    assert stale.status_code == 412
    changed = client.patch(path, {"includes": []})
    assert changed.json()["includes"] == []
    assert changed.json()["effective_permissions"] == [
        "organizations.invite_member",
        "organizations.view_organization",
    ]
    circle = client.patch(path, {"includes": [guide["id"]]})
    assert (circle.status_code, circle.json()["errors"][0]["code"]) == (400, "cycle")


def test_another_tenants_role_is_not_included(
    api: Any, alice: Person, globex: Tenant, host_role: Role
) -> None:
    with tenant_context(globex):
        foreign = Role.objects.get(code="member")
    client = api(alice)
    for included in (str(foreign.id), MISSING, "x", None):
        there = client.patch(f"roles/{host_role.id}/", {"includes": [included]})
        assert there.status_code == 400
    same_problem(
        client.patch(f"roles/{host_role.id}/", {"includes": [str(foreign.id)]}),
        client.patch(f"roles/{host_role.id}/", {"includes": [MISSING]}),
    )
    assert not host_role.inclusions.exists()


def test_unknown_codes_stay_until_they_are_taken(api: Any, alice: Person, host_role: Role) -> None:
    Role.objects.filter(id=host_role.id).update(
        permissions=["notes.view_note", "notes.write_note", "organizations.view_member"]
    )
    client = api(alice)
    path = f"roles/{host_role.id}/"
    found = client.get(path).json()
    assert found["permissions"] == ["organizations.view_member"]
    assert found["unknown_permissions"] == ["notes.view_note", "notes.write_note"]
    client.patch(path, {"permissions": ["roles.view_role"], "name": "Other"})
    assert client.get(path).json()["unknown_permissions"] == found["unknown_permissions"]
    client.patch(path, {"unknown_permissions": ["notes.view_note"]})
    found = client.get(path).json()
    assert found["unknown_permissions"] == ["notes.view_note"]
    assert found["permissions"] == ["roles.view_role"]


def test_compare(api: Any, bob: Person, host_role: Role, owner: Actor) -> None:
    role_update(actor=owner, role_id=host_role.id, permission_codes=["organizations.remove_member"])
    member = Role.objects.get(code="member")
    found = api(bob).get("roles/compare/", a=host_role.id, b=member.id)
    assert found.status_code == 200
    body = found.json()
    assert (body["a"]["name"], body["b"]["name"]) == ("Host", "Member")
    own = [{"kind": "own", "code": "member", "name": "Member"}]
    assert [(row["code"], row["held_by"]) for row in body["permissions"]] == [
        ("credits.spend_credits", "b"),
        ("organizations.remove_member", "a"),
        ("organizations.view_member", "both"),
        ("organizations.view_organization", "b"),
        ("roles.view_role", "b"),
    ]
    assert body["permissions"][2] == {
        "code": "organizations.view_member",
        "app": "organizations",
        "label": "View members",
        "dangerous": False,
        "held_by": "both",
        "a_sources": [
            {
                "kind": "implied",
                "code": "organizations.remove_member",
                "name": "Remove members",
            }
        ],
        "b_sources": own,
    }


def test_compare_refuses(
    api: Any, alice: Person, bob: Person, charlie: Person, host_role: Role, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = Role.objects.get(code="member")
    client = api(alice)
    for query in ({}, {"a": host_role.id}, {"a": "x", "b": host_role.id}, {"c": 1}):
        assert client.get("roles/compare/", **query).status_code == 400
    there = client.get("roles/compare/", a=host_role.id, b=foreign.id)
    assert there.status_code == 404
    same_problem(there, client.get("roles/compare/", a=host_role.id, b=MISSING))
    assert api(charlie).get("roles/compare/", a=host_role.id, b=host_role.id).status_code == 404
    assert api(None).get("roles/compare/", a=host_role.id, b=host_role.id).status_code == 401
    Member.objects.get(person_id=bob.id).bindings.all().delete()
    assert api(bob).get("roles/compare/", a=host_role.id, b=host_role.id).status_code == 403
