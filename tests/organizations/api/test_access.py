from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import organization_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def lisbon(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def body(bob_member: Member, lisbon: Organization, role: Callable[[str], Role]) -> dict[str, str]:
    return {
        "member_id": str(bob_member.id),
        "role_id": str(role("admin").id),
        "organization_id": str(lisbon.id),
    }


def test_give_list_and_take(
    api: Any, alice: Person, bob_member: Member, lisbon: Organization, body: dict[str, str]
) -> None:
    client = api(alice)
    made = client.post("role-bindings/", body)
    assert made.status_code == 201
    binding = made.json()
    assert binding["member"] == {
        "id": str(bob_member.id),
        "name": "Bob Baker",
        "email": "bob@acme.test",
    }
    assert binding["role"]["code"] == "admin"
    assert binding["organization"] == {"id": str(lisbon.id), "name": "Lisbon"}
    again = client.post("role-bindings/", body)
    assert (again.status_code, again.json()["code"]) == (409, "exists")
    mine = client.get("role-bindings/", member=str(bob_member.id)).json()["results"]
    assert [row["role"]["code"] for row in mine] == ["member", "admin"]
    assert client.get("role-bindings/", organization=str(lisbon.id)).json()["results"] == [binding]
    assert client.delete(f"role-bindings/{binding['id']}/").status_code == 204
    assert client.delete(f"role-bindings/{binding['id']}/").status_code == 404
    assert client.get(f"role-bindings/{binding['id']}/").status_code == 404


def test_list_takes_four_statements(bearer: Any, alice: Person, body: dict[str, str]) -> None:
    client = bearer(alice)
    client.post("role-bindings/", body)
    with statements(4):
        assert len(client.get("role-bindings/").json()["results"]) == 3


def test_the_last_owner_stays(api: Any, alice: Person, alice_member: Member) -> None:
    binding = RoleBinding.objects.get(member=alice_member)
    response = api(alice).delete(f"role-bindings/{binding.id}/")
    assert (response.status_code, response.json()["code"]) == (409, "last_owner")
    assert RoleBinding.objects.filter(id=binding.id).exists()


def test_who_may(
    api: Any, bob: Person, charlie: Person, alice_member: Member, body: dict[str, str]
) -> None:
    binding = RoleBinding.objects.get(member=alice_member)
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        assert client.post("role-bindings/", body).status_code == status
        assert client.delete(f"role-bindings/{binding.id}/").status_code == status
        listed = 200 if person is bob else status
        assert client.get("role-bindings/").status_code == listed
    assert RoleBinding.objects.count() == 2


@pytest.mark.parametrize("field", ["member_id", "role_id", "organization_id"])
@pytest.mark.parametrize("value", ["x", 5, None, [], "FOREIGN", MISSING])
def test_bad_ids(
    api: Any, alice: Person, globex: Tenant, body: dict[str, str], field: str, value: Any
) -> None:
    status = 400
    if value in ("FOREIGN", MISSING):
        status = 400 if field == "role_id" else 404
    if value == "FOREIGN":
        with tenant_context(globex):
            binding = RoleBinding.objects.values().get()
        value = str(binding[field])
    response = api(alice).post("role-bindings/", {**body, field: value})
    assert response.status_code == status
    if status == 400:
        assert [error["attr"] for error in response.json()["errors"]] == [field]
    assert RoleBinding.objects.count() == 2


def test_another_tenants_binding_is_like_a_missing_one(
    api: Any, alice: Person, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = RoleBinding.objects.get()
    there = api(alice).delete(f"role-bindings/{foreign.id}/")
    same_problem(there, api(alice).delete(f"role-bindings/{MISSING}/"))
    with tenant_context(globex):
        assert RoleBinding.objects.filter(id=foreign.id).exists()


def explain(client: Any, member: Member, permission: str, **query: str) -> dict[str, Any]:
    response = client.get("access/explain/", member=member.id, permission=permission, **query)
    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["permission"] == permission
    return {name: answer[name] for name in ("allowed", "reason", "role", "organization_id")}


def test_explain(
    api: Any,
    alice: Person,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    root: Organization,
    lisbon: Organization,
    body: dict[str, str],
) -> None:
    client = api(alice)
    client.post("role-bindings/", body)
    no = {"allowed": False, "role": None, "organization_id": None}
    where = {"role": "admin", "organization_id": str(lisbon.id)}
    move = "organizations.move_organization"
    assert explain(client, bob_member, move) == {
        **no,
        "reason": "held only at Lisbon and below it",
    }
    assert explain(client, bob_member, move, organization=str(lisbon.id)) == {
        "allowed": True,
        "reason": "role admin at Lisbon",
        **where,
    }
    assert explain(api(bob), alice_member, move, organization=str(root.id))["role"] == "owner"
    client.patch(f"members/{bob_member.id}/", {"status": "deactivated"})
    assert explain(client, bob_member, move, organization=str(lisbon.id)) == {
        **no,
        "reason": "the member is deactivated",
    }


def test_explain_refuses(api: Any, alice: Person, charlie: Person, bob_member: Member) -> None:
    query = {"member": str(bob_member.id), "permission": "roles.view_role"}
    for person, status in ((charlie, 404), (None, 401)):
        assert api(person).get("access/explain/", **query).status_code == status
    client = api(alice)
    for changes, status, attr in (
        ({"member": "x"}, 400, "member"),
        ({"permission": "roles.no_such"}, 400, "permission"),
        ({"permission": ""}, 400, "permission"),
        ({"organization": "x"}, 400, "organization"),
        ({"organization": MISSING}, 404, None),
        ({"member": MISSING}, 404, None),
    ):
        response = client.get("access/explain/", **{**query, **changes})
        assert response.status_code == status
        assert [error["attr"] for error in response.json()["errors"]] == [attr] * bool(attr)
