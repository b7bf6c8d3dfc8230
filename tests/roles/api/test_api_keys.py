"""`api-keys/`: the operations by which people make and keep keys."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Organization
from apps.organizations.services import organization_create
from apps.roles.models import ApiKey
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.roles.support import READ, answer, by_key, make_key

pytestmark = pytest.mark.django_db
INPUT: dict[str, Any] = {"name": "Import", "permissions": READ}


def test_create_read_change_rotate_revoke(api: Any, alice: Person, root: Organization) -> None:
    client = api(alice)
    created = client.post("api-keys/", {**INPUT, "networks": ["127.0.0.1"], "expires_in_days": 30})
    assert created.status_code == 201
    assert created["Cache-Control"] == "no-store"
    key = created.json()
    text = key.pop("key")
    path = f"api-keys/{key['id']}/"
    assert created["Location"] == f"/api/v1/{path}"
    assert (key["name"], key["state"], key["permissions"]) == ("Import", "active", READ)
    assert key["organization"] == {"id": str(root.id), "name": "Acme"}
    assert key["networks"] == ["127.0.0.1/32"]
    assert key["created_by"] == "alice@acme.test"
    assert key["hint"] == f"{text[:7]}…{text[-4:]}"
    assert answer(by_key(text)) == (200, "")
    read = client.get(path)
    assert read.json() == {
        **key,
        "last_used_at": read.json()["last_used_at"],
        "last_used_ip": "127.0.0.1",
    }
    changed = client.patch(
        path, {"name": "Other", "expires_in_days": None}, headers={"If-Match": read["ETag"]}
    )
    assert (changed.json()["name"], changed.json()["expires_at"]) == ("Other", None)
    stale = client.patch(path, {"name": "Old"}, headers={"If-Match": read["ETag"]})
    assert stale.status_code == 412
    stale = client.post(f"{path}rotate/", {"overlap_s": 3600}, headers={"If-Match": read["ETag"]})
    assert stale.status_code == 412
    rotated = client.post(f"{path}rotate/", {"overlap_s": 3600})
    assert rotated.status_code == 200
    assert rotated["Cache-Control"] == "no-store"
    second = rotated.json().pop("key")
    assert rotated.json()["previous_hint"] == key["hint"]
    assert rotated["ETag"] == client.get(path)["ETag"]
    assert (answer(by_key(text)), answer(by_key(second))) == ((200, ""), (200, ""))
    assert client.delete(path).status_code == 204
    again = client.delete(path)
    assert (again.status_code, again.json()["code"]) == (409, "api_key_revoked")
    assert client.get(path).json()["state"] == "revoked"
    assert answer(by_key(second)) == (401, "api_key_revoked")
    for response in (client.get(path), client.get("api-keys/")):
        assert text not in response.content.decode()
        assert second not in response.content.decode()
        assert "digest" not in response.content.decode()


def test_list(bearer: Any, alice: Person, owner: Actor, root: Organization) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    for number in range(3):
        make_key(owner, f"Key {number}", organization_id=north.id if number else None)
    client = bearer(alice)
    client.get("api-keys/")
    with statements(4):
        rows = client.get("api-keys/", page_size=2).json()
    assert [row["name"] for row in rows["results"]] == ["Key 0", "Key 1"]
    assert [row["organization"]["name"] for row in rows["results"]] == ["Acme", "North"]
    assert rows["next"]
    assert client.get("api-keys/", state="active").status_code == 400


def test_who_may(api: Any, alice: Person, bob: Person, charlie: Person, owner: Actor) -> None:
    key = make_key(owner).key
    path = f"api-keys/{key.id}/"
    before = ApiKey.objects.values().get()
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        for method, where, body in (
            ("GET", "api-keys/", None),
            ("POST", "api-keys/", INPUT),
            ("GET", path, None),
            ("PATCH", path, {"name": "Mine"}),
            ("DELETE", path, None),
            ("POST", f"{path}rotate/", {"overlap_s": 3600}),
        ):
            response = client(method, where, body)
            assert response.status_code == status, f"{method} {where}"
            assert "key" not in response.json()
    assert ApiKey.objects.values().get() == before


def test_another_tenants_key_is_like_a_missing_one(
    api: Any, alice: Person, charlie: Person, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = make_key(actor_for(charlie)).key
    client = api(alice)
    for method, suffix, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "rotate/", {"overlap_s": 3600}),
    ):
        there = client(method, f"api-keys/{foreign.id}/{suffix}", body)
        assert there.status_code == 404
        same_problem(there, client(method, f"api-keys/{MISSING}/{suffix}", body))
    with tenant_context(globex):
        key = ApiKey.objects.get()
        assert (key.name, key.revoked_at, key.digest) == ("Import", None, foreign.digest)


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"permissions": []}, "permissions"),
        ({"permissions": "roles.view_role"}, "permissions"),
        ({"permissions": [7]}, "permissions.0"),
        ({"permissions": ["roles.no_such"]}, "permissions"),
        ({"permissions": ["roles.manage_api_key"]}, "permissions"),
        ({"permissions": ["organizations.remove_member"]}, "allow_dangerous"),
        (
            {"permissions": ["organizations.remove_member"], "allow_dangerous": "yes"},
            "allow_dangerous",
        ),
        ({"allow_dangerous": 1}, "allow_dangerous"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
        ({"expires_in_days": 10**18}, "expires_in_days"),
        ({"expires_in_days": "30"}, "expires_in_days"),
        ({"expires_in_days": 1.5}, "expires_in_days"),
        ({"expires_in_days": True}, "expires_in_days"),
        ({"networks": "10.0.0.0/8"}, "networks"),
        ({"networks": ["10.0.0.0/33"]}, "networks"),
        ({"networks": ["10.0.0.1/8"]}, "networks"),
        ({"networks": ["10.0.0.0/8"] * 21}, "networks"),
        ({"networks": [None]}, "networks.0"),
        ({"organization_id": "x"}, "organization_id"),
    ],
)
def test_bad_input(api: Any, alice: Person, changes: dict[str, Any], attr: str) -> None:
    response = api(alice).post("api-keys/", {**INPUT, **changes})
    assert response.status_code == 400, response.content
    assert [error["attr"] for error in response.json()["errors"]] == [attr]
    with tenant_context(Tenant.objects.get(slug="acme")):
        assert not ApiKey.objects.exists()


@pytest.mark.parametrize("value", [None, "x", 0, 3599, 604_801, 3600.5, "3600", True, [], 10**18])
def test_bad_overlaps(api: Any, alice: Person, owner: Actor, value: Any) -> None:
    key = make_key(owner).key
    response = api(alice).post(f"api-keys/{key.id}/rotate/", {"overlap_s": value})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["overlap_s"]
    assert ApiKey.objects.get().digest == key.digest


@pytest.mark.parametrize("foreign", [True, False])
def test_an_organization_that_is_none(
    api: Any, alice: Person, globex: Tenant, foreign: bool
) -> None:
    organization = MISSING
    if foreign:
        with tenant_context(globex):
            organization = str(Organization.objects.get().id)
    response = api(alice).post("api-keys/", {**INPUT, "organization_id": organization})
    assert response.status_code == 404


def test_a_dangerous_permission_has_to_be_confirmed(api: Any, alice: Person) -> None:
    body = {**INPUT, "permissions": ["organizations.remove_member"], "allow_dangerous": True}
    assert api(alice).post("api-keys/", body).status_code == 201


def test_permissions_say_whether_keys_can_have_them(api: Any, alice: Person) -> None:
    rows = {row["code"]: row for row in api(alice).get("permissions/").json()["results"]}
    assert rows["organizations.view_member"]["for_keys"] is True
    assert rows["roles.manage_api_key"]["for_keys"] is False
