from typing import Any

import pytest

from apps.accounts.models import Person, TenantMembership
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import member_join, organization_create
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import SYSTEM, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def dana(acme: Tenant, branch: Organization) -> Member:
    person = make_person("Dana Vos", "dana@acme.test")
    with tenant_context(acme):
        return member_join(
            actor=SYSTEM, person=person, organization=branch, roles=[role_by_code("member")]
        )


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def test_list_shows_members_with_their_roles(
    api: Any, alice: Person, bob_member: Member, root: Organization
) -> None:
    response = api(alice).get("members/")
    assert names(response) == ["Alice Archer", "Bob Baker"]
    bob = response.json()["results"][1]
    binding = RoleBinding.objects.select_related("role").get(member=bob_member)
    here = {"id": str(root.id), "name": "Acme"}
    role = {"id": str(binding.role_id), "code": "member", "name": "Member"}
    assert bob["id"] == str(bob_member.id)
    assert bob["email"] == "bob@acme.test"
    assert bob["status"] == "active"
    assert bob["organization"] == here
    times = {"starts_at": None, "ends_at": None, "state": "active"}
    assert bob["roles"] == [
        {"binding_id": str(binding.id), "role": role, "organization": here, **times}
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "active"}, ["Alice Archer", "Bob Baker", "Dana Vos"]),
        ({"status": "deactivated"}, []),
        ({"role": "owner"}, ["Alice Archer"]),
        ({"role": "nobody-has-it"}, []),
        ({"q": "BAKER"}, ["Bob Baker"]),
        ({"q": "dana@"}, ["Dana Vos"]),
        ({"q": "%"}, []),
        ({"q": ""}, ["Alice Archer", "Bob Baker", "Dana Vos"]),
        ({"organization": "branch"}, ["Dana Vos"]),
        ({"organization": "root", "role": "member"}, ["Bob Baker", "Dana Vos"]),
        ({"organization": MISSING}, []),
        ({"ordering": "-joined"}, ["Dana Vos", "Bob Baker", "Alice Archer"]),
        ({"ordering": "-name"}, ["Dana Vos", "Bob Baker", "Alice Archer"]),
    ],
)
def test_list_filters(
    api: Any,
    alice: Person,
    dana: Member,
    branch: Organization,
    root: Organization,
    query: dict[str, str],
    expected: list[str],
) -> None:
    known = {"branch": str(branch.id), "root": str(root.id)}
    assert names(api(alice).get("members/", **{k: known.get(v, v) for k, v in query.items()})) == (
        expected
    )


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"status": "removed"}, "status"),
        ({"organization": "7"}, "organization"),
        ({"q": "x" * 101}, "q"),
        ({"statuss": "active"}, "statuss"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "201"}, "page_size"),
        ({"page_size": "9" * 5000}, "page_size"),
        ({"page_size": "²"}, "page_size"),
        ({"cursor": "garbage"}, "cursor"),
        ({"cursor": "cD0lMDA="}, "cursor"),
        ({"cursor": "cD14"}, "cursor"),
        ({"cursor": "cD14", "ordering": "joined"}, "cursor"),
        ({"ordering": "password"}, "ordering"),
    ],
)
def test_list_refuses_bad_parameters(
    api: Any, alice: Person, query: dict[str, str], attr: str
) -> None:
    response = api(alice).get("members/", **query)
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]


@pytest.mark.parametrize("ordering", ["joined", "-joined", "name", "-name"])
def test_pages_meet_every_member_once(api: Any, alice: Person, dana: Member, ordering: str) -> None:
    client, found = api(alice), []
    response = client.get("members/", page_size=1, ordering=ordering)
    while True:
        found += names(response)
        if response.json()["next"] is None:
            break
        response = client("GET", response.json()["next"].removeprefix("http://acme.localhost:8000"))
    assert sorted(found) == ["Alice Archer", "Bob Baker", "Dana Vos"]
    back = client("GET", response.json()["previous"].removeprefix("http://acme.localhost:8000"))
    assert names(back) == [found[1]]


def test_list_takes_six_statements_for_any_number_of_members(
    bearer: Any, alice: Person, acme: Tenant, root: Organization
) -> None:
    with tenant_context(acme):
        for n in range(7):
            member_join(
                actor=SYSTEM,
                person=make_person(f"Member {n}", f"m{n}@acme.test"),
                organization=root,
                roles=[role_by_code("member"), role_by_code("admin")],
            )
    client = bearer(alice)
    with statements(6):
        response = client.get("members/", organization=str(root.id), q="a", role="member")
    assert len(response.json()["results"]) == 8


def test_the_outsider_and_the_signed_out_learn_nothing(
    api: Any, charlie: Person, bob_member: Member
) -> None:
    for path in ("members/", f"members/{bob_member.id}/", f"members/{MISSING}/"):
        assert api(None).get(path).status_code == 401
        assert api(charlie).get(path).status_code == 404
    same_problem(
        api(charlie, None, **{"X-Tenant": "acme"}).get("members/"),
        api(charlie, None, **{"X-Tenant": "nobody"}).get("members/"),
    )


def test_another_tenants_member_is_like_a_missing_one(
    api: Any, alice: Person, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = Member.objects.get()
        before = Member.objects.values().get()
    client = api(alice)
    for method, body in (("GET", None), ("PATCH", {"status": "deactivated"}), ("DELETE", None)):
        there = client(method, f"members/{foreign.id}/", body)
        same_problem(there, client(method, f"members/{MISSING}/", body))
        assert there.status_code == 404
    with tenant_context(globex):
        assert Member.objects.values().get() == before


def test_get_with_etag(api: Any, bob: Person, bob_member: Member) -> None:
    client = api(bob)
    response = client.get(f"members/{bob_member.id}/")
    assert response.json()["name"] == "Bob Baker"
    etag = response["ETag"]
    again = client("GET", f"members/{bob_member.id}/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_patch_deactivates_and_moves_at_once(
    api: Any, alice: Person, bob: Person, bob_member: Member, branch: Organization
) -> None:
    body = {"status": "deactivated", "organization_id": str(branch.id)}
    response = api(alice).patch(f"members/{bob_member.id}/", body)
    assert response.status_code == 200
    assert response.json()["status"] == "deactivated"
    assert response.json()["organization"] == {"id": str(branch.id), "name": "Lisbon"}
    assert not TenantMembership.objects.filter(person=bob).exists()
    assert api(bob).get("members/").status_code == 404


def test_patch_with_an_old_version_changes_nothing(
    api: Any, alice: Person, bob_member: Member
) -> None:
    client, path = api(alice), f"members/{bob_member.id}/"
    etag = client.get(path)["ETag"]
    for wrong in ('"old"', "garbage", f"W/{etag}"):
        response = client.patch(path, {"status": "deactivated"}, headers={"If-Match": wrong})
        assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    bob_member.refresh_from_db()
    assert bob_member.status == "active"
    fresh = client.patch(path, {"status": "deactivated"}, headers={"If-Match": etag})
    assert fresh.json()["status"] == "deactivated"
    assert fresh["ETag"] == client.get(path)["ETag"]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"status": "removed"}, "status"),
        ({"status": 7}, "status"),
        ({"status": None}, "status"),
        ({"organization_id": 5}, "organization_id"),
        ({"organization_id": "x"}, "organization_id"),
        ([], None),
        ("text", None),
    ],
)
def test_patch_refuses_bad_input(
    api: Any, alice: Person, bob_member: Member, body: Any, attr: str | None
) -> None:
    response = api(alice).patch(f"members/{bob_member.id}/", body)
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]


def test_a_member_may_not_change_others_but_may_leave(
    api: Any, bob: Person, bob_member: Member, alice_member: Member
) -> None:
    client = api(bob)
    assert client.patch(f"members/{alice_member.id}/", {"status": "bogus"}).status_code == 403
    assert client.delete(f"members/{alice_member.id}/").status_code == 403
    alice_member.refresh_from_db()
    assert alice_member.status == "active"
    assert client.delete(f"members/{bob_member.id}/").status_code == 204
    assert client.get("members/").status_code == 404


def test_delete_removes_once_and_never_the_last_owner(
    api: Any, alice: Person, bob_member: Member, alice_member: Member
) -> None:
    client = api(alice)
    assert client.delete(f"members/{bob_member.id}/").status_code == 204
    assert client.delete(f"members/{bob_member.id}/").status_code == 404
    assert names(client.get("members/")) == ["Alice Archer"]
    response = client.delete(f"members/{alice_member.id}/")
    assert (response.status_code, response.json()["code"]) == (409, "last_owner")
