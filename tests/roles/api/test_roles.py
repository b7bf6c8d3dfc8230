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
from apps.roles.services import role_create
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
