"""The pages of roles."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role, RoleInclusion
from apps.roles.services import role_create, role_update
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
INVITE = "organizations.invite_member"
REMOVE = "organizations.remove_member"
SEE_TREE = "organizations.view_organization"
SEE_ROLES = "roles.view_role"
MANAGE = "roles.manage_role"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant, in_acme: None) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def host(owner: Actor) -> Role:
    return role_create(
        actor=owner, name="Host <1>", permission_codes=[INVITE], description="Welcomes people."
    )


@pytest.fixture
def as_manager(
    owner: Actor, bob_member: Member, root: Organization, sign_in: SignIn, bob: Person, acme: Tenant
) -> Client:
    """bob, who manages roles and may invite, and nothing else."""
    role = role_create(actor=owner, name="Manager", permission_codes=[MANAGE, INVITE])
    bob_member.bindings.all().delete()
    RoleBinding.objects.create(member=bob_member, role=role, organization=root)
    return sign_in(bob, acme)


def rows() -> list[object]:
    return [
        list(Role.objects.order_by("id").values()),
        list(RoleInclusion.objects.order_by("id").values()),
        OutboxEvent.objects.filter(name="roles.role_changed").count(),
    ]


def html(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    page = read(response.content)
    assert page.check() == [], path
    return response.content.decode()


def test_the_list(client: Client, owner: Actor, host: Role, role: Callable[[str], Role]) -> None:
    Role.objects.filter(id=host.id).update(permissions=[INVITE, "notes.gone_note"])
    role_update(actor=owner, role_id=host.id, includes=[role("member").id])
    text = html(client, "/roles/")
    assert "Host &lt;1&gt;" in text
    assert "4 permissions" in text
    assert "1 no longer known" in text
    assert 'href="/members/?role=owner"' in text
    # Searching is for when there are many.
    assert 'name="q"' not in text
    found = html(client, "/roles/?q=welcomes")
    assert "Host &lt;1&gt;" in found
    assert "Auditor" not in found
    assert "No role matches" in html(client, "/roles/?q=zzz")


def test_a_role(client: Client, owner: Actor, host: Role, role: Callable[[str], Role]) -> None:
    outer = role_create(
        actor=owner, name="Outer", permission_codes=[REMOVE], includes=[host.id, role("member").id]
    )
    text = html(client, f"/roles/{outer.id}/")
    for words in (
        "Its own",
        "Through Host &lt;1&gt;",
        "Comes with “Remove members”",
        "Allows what is dangerous",
    ):
        assert words in text
    assert "Included in" in html(client, f"/roles/{host.id}/")
    system = html(client, f"/roles/{role('auditor').id}/")
    assert "/change/" not in system
    assert "/delete/" not in system


def test_create(client: Client, host: Role) -> None:
    data = {"name": "New", "description": "D.", "permissions": [REMOVE], "includes": [host.id]}
    response = client.post("/roles/new/", data)
    made = Role.objects.get(name="New")
    assert (response.status_code, response["Location"]) == (302, f"/roles/{made.id}/")
    assert (made.description, made.permissions) == ("D.", [REMOVE])
    assert made.inherited_permissions == [INVITE]


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": "Owner"},
        {"name": "x" * 81},
        {"permissions": ["notes.no_such"]},
        {"includes": [MISSING]},
        {"includes": ["x"]},
        {"description": "x" * 301},
    ],
)
def test_create_refuses(client: Client, data: dict[str, Any]) -> None:
    before = rows()
    response = client.post("/roles/new/", {"name": "New", "permissions": [INVITE], **data})
    assert response.status_code == 422
    assert read(response.content).check() == []
    assert rows() == before


def test_copy(client: Client, owner: Actor, host: Role) -> None:
    text = html(client, f"/roles/new/?copy={host.id}")
    assert 'value="Host &lt;1&gt; (copy)"' in text
    assert f'value="{INVITE}" checked' in text
    assert html(client, f"/roles/new/?copy={MISSING}")


def test_change_keeps_what_is_not_on_the_form(client: Client, host: Role) -> None:
    path = f"/roles/{host.id}/change/"
    Role.objects.filter(id=host.id).update(permissions=["notes.gone_note", INVITE])
    text = html(client, path)
    assert 'value="notes.gone_note" checked' in text
    version = host.updated_at.isoformat()
    assert version in text
    data = {"name": "Host", "permissions": [SEE_ROLES, "notes.gone_note"], "version": version}
    assert client.post(path, data).status_code == 302
    host.refresh_from_db()
    assert (host.name, host.permissions) == ("Host", ["notes.gone_note", SEE_ROLES])
    stale = client.post(path, {**data, "permissions": [INVITE]})
    assert stale.status_code == 422
    assert "Somebody changed the role" in stale.content.decode()
    data["version"] = host.updated_at.isoformat()
    assert client.post(path, {**data, "permissions": [SEE_ROLES]}).status_code == 302
    host.refresh_from_db()
    assert host.permissions == [SEE_ROLES]


def test_what_would_close_a_circle_is_disabled(client: Client, owner: Actor, host: Role) -> None:
    middle = role_create(actor=owner, name="M", permission_codes=[], includes=[host.id])
    top = role_create(actor=owner, name="T", permission_codes=[], includes=[middle.id])
    text = html(client, f"/roles/{host.id}/change/")
    for role in (middle, top):
        assert f'value="{role.id}" disabled' in text
    assert text.count("It includes this role.") == 2


def test_delete(client: Client, host: Role, bob_member: Member, root: Organization) -> None:
    path = f"/roles/{host.id}/delete/"
    assert client.post(path, {"confirmation": "Other"}).status_code == 422
    binding = RoleBinding.objects.create(member=bob_member, role=host, organization=root)
    client.post(path, {"confirmation": "Host <1>"})
    assert Role.objects.filter(id=host.id).exists()
    binding.delete()
    response = client.post(path, {"confirmation": "Host <1>"})
    assert (response.status_code, response["Location"]) == (302, "/roles/")
    assert not Role.objects.filter(id=host.id).exists()


def test_what_one_lacks_is_disabled_with_the_reason(
    as_manager: Client, owner: Actor, host: Role
) -> None:
    text = html(as_manager, "/roles/new/")
    assert f'value="{REMOVE}" disabled' in text
    assert "You do not hold it in the whole workspace yourself." in text
    assert f'value="{INVITE}">' in text
    before = rows()
    for data in (
        {"permissions": [REMOVE]},
        {"includes": [Role.objects.get(code="admin").id]},
        {"includes": [Role.objects.get(code="owner").id]},
    ):
        assert as_manager.post("/roles/new/", {"name": "New", **data}).status_code == 422
    strong = role_create(actor=owner, name="Strong", permission_codes=[REMOVE])
    path = f"/roles/{strong.id}/change/"
    assert "Only its name and description" in html(as_manager, path)
    as_manager.post(
        path,
        {"name": "Weak", "permissions": [INVITE], "version": strong.updated_at.isoformat()},
    )
    strong.refresh_from_db()
    assert (strong.name, strong.permissions) == ("Weak", [REMOVE])
    assert len(rows()[0]) == len(before[0]) + 1  # type: ignore[arg-type]


def test_system_roles_have_no_form(client: Client, role: Callable[[str], Role]) -> None:
    before = rows()
    for last in ("change", "delete"):
        path = f"/roles/{role('member').id}/{last}/"
        for response in (
            client.get(path),
            client.post(path, {"name": "X", "confirmation": "Member"}),
        ):
            assert (response.status_code, response["Location"]) == (
                302,
                f"/roles/{role('member').id}/",
            )
    assert rows() == before


def test_another_tenants_role_is_not_found(client: Client, globex: Tenant) -> None:
    with tenant_context(globex):
        foreign = Role.objects.get(code="member").id
    for role_id in (foreign, uuid.UUID(MISSING)):
        for last in ("", "change/", "delete/"):
            assert client.get(f"/roles/{role_id}/{last}").status_code == 404
        assert client.get(f"/roles/compare/?a={role_id}&b={role_id}").status_code == 404


def test_compare(client: Client, host: Role, role: Callable[[str], Role]) -> None:
    text = html(client, f"/roles/compare/?a={host.id}&b={role('member').id}")
    assert "Only Host &lt;1&gt;" in text
    assert "Only Member" in text
    assert "Both" in text
    assert "Only " not in html(client, f"/roles/compare/?a={host.id}")


class Matrix:
    """The matrix's form, as a browser would send it."""

    def __init__(self, client: Client, *roles: Role) -> None:
        self.client, self.roles = client, roles
        self.path = "/roles/matrix/"
        self.page = read(client.get(self.path).content)
        assert self.page.check() == []
        self.data: dict[str, Any] = {}
        for role in roles:
            shown = Role.objects.get(id=role.id)
            self.data[f"version-{role.id}"] = shown.updated_at.isoformat()
            self.data[f"was-{role.id}"] = " ".join(sorted(shown.own))
            self.data[f"role-{role.id}"] = sorted(shown.own)

    def send(self, **changes: Any) -> Any:
        return self.client.post(self.path, {**self.data, **changes})

    def box(self, role: Role, code: str) -> dict[str, str | None]:
        return next(
            one
            for one in self.page.controls
            if (one.get("name"), one.get("value")) == (f"role-{role.id}", code)
        )


def test_the_matrix_saves_what_was_changed(client: Client, owner: Actor, host: Role) -> None:
    other = role_create(actor=owner, name="Other", permission_codes=[REMOVE])
    matrix = Matrix(client, host, other)
    assert "checked" in matrix.box(host, INVITE)
    assert "checked" not in matrix.box(host, SEE_TREE)
    assert matrix.box(host, SEE_TREE)["aria-label"] == "Host <1>: View organizations, comes along"
    # Somebody else changes one that is not touched here.
    role_update(actor=owner, role_id=other.id, permission_codes=[SEE_ROLES])
    response = matrix.send(**{f"role-{host.id}": [INVITE, SEE_ROLES]})
    assert (response.status_code, response["Location"]) == (302, "/roles/matrix/")
    host.refresh_from_db()
    other.refresh_from_db()
    assert host.permissions == [INVITE, SEE_ROLES]
    assert other.permissions == [SEE_ROLES]
    changed = OutboxEvent.objects.filter(name="roles.role_changed", payload__change="updated")
    assert [event.payload["code"] for event in changed.order_by("position")] == ["other", "host-1"]


def test_the_matrix_saves_nothing_over_anothers_change(
    client: Client, owner: Actor, host: Role
) -> None:
    other = role_create(actor=owner, name="Other", permission_codes=[REMOVE])
    matrix = Matrix(client, host, other)
    role_update(actor=owner, role_id=other.id, permission_codes=[SEE_ROLES])
    before = rows()
    response = matrix.send(**{f"role-{host.id}": [SEE_ROLES], f"role-{other.id}": [INVITE]})
    assert response.status_code == 409
    assert "Somebody changed the role “Other” meanwhile" in response.content.decode()
    assert read(response.content).check() == []
    assert rows() == before
    for version in ("", "x", "2020-01-01", "2020-01-01T00:00:00Z"):
        bad = {f"role-{host.id}": [SEE_ROLES], f"version-{host.id}": version}
        assert matrix.send(**bad).status_code == 409
    assert rows() == before


def test_the_matrix_changes_only_what_one_may(as_manager: Client, owner: Actor, host: Role) -> None:
    strong = role_create(actor=owner, name="Strong", permission_codes=[REMOVE])
    matrix = Matrix(as_manager, host, strong)
    assert "disabled" in matrix.box(host, REMOVE)
    assert not [one for one in matrix.page.controls if one.get("name") == f"role-{strong.id}"]
    member = Role.objects.get(code="member")
    before = rows()
    matrix.send(
        **{
            f"role-{host.id}": [INVITE, REMOVE],
            f"role-{strong.id}": [INVITE],
            f"role-{member.id}": [INVITE],
            f"version-{member.id}": member.updated_at.isoformat(),
        }
    )
    assert rows() == before


def test_a_member_reads_the_matrix(
    sign_in: SignIn, bob: Person, acme: Tenant, in_acme: None, host: Role
) -> None:
    client = sign_in(bob, acme)
    text = html(client, "/roles/matrix/")
    assert f'name="role-{host.id}"' not in text
    assert ">Save<" not in text
    before = rows()
    response = client.post(
        "/roles/matrix/",
        {f"role-{host.id}": [], f"version-{host.id}": host.updated_at.isoformat()},
    )
    assert response.status_code == 403
    assert rows() == before


def test_the_matrix_of_many_roles(client: Client, owner: Actor) -> None:
    for number in range(9):
        role_create(actor=owner, name=f"Role {number}", permission_codes=[INVITE])
    chosen = Role.objects.get(name="Role 8")
    text = html(client, "/roles/matrix/")
    assert f'href="/roles/{chosen.id}/"' not in text
    text = html(client, f"/roles/matrix/?role={chosen.id}&role=x")
    assert "Roles shown: 1 of 14" in text
    assert f'href="/roles/{chosen.id}/"' in text
