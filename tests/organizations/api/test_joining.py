"""`me/joinable-tenants/`, `tenants/{id}/join/` and `join-requests/`."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import EmailDomain, Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import JoinRequest, Member
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import make_person

pytestmark = pytest.mark.django_db
OpenDomain = Callable[..., EmailDomain]
MINE = "me/joinable-tenants/"
PATH = "join-requests/"
ACME = {"slug": "acme", "name": "Acme", "status": "ready", "url": "http://acme.localhost:8000/"}


def requested(tenant: Tenant, name: str = "dana") -> JoinRequest:
    person = make_person(name.title(), f"{name}@acme.test")
    with tenant_context(tenant):
        return JoinRequest.objects.create(person_id=person.id, email=person.email, name=person.name)


def test_at_once(api: Any, dana: Person, acme: Tenant, open_domain: OpenDomain) -> None:
    client = api(dana, None)
    assert client.get(MINE).json()["results"] == []
    assert client.post(f"tenants/{acme.id}/join/").status_code == 404
    open_domain("automatic")
    tenant = {"id": str(acme.id), **ACME}
    assert client.get(MINE).json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "tenant": tenant,
                "join_mode": "automatic",
                "requested_at": None,
                "ask_again_at": None,
            }
        ],
    }
    joined = client.post(f"tenants/{acme.id}/join/")
    with tenant_context(acme):
        member = Member.objects.get(person_id=dana.id)
    assert (joined.status_code, joined.json()) == (
        200,
        {"tenant": tenant, "member_id": str(member.id), "join_request_id": None},
    )
    assert client.post(f"tenants/{acme.id}/join/").json() == joined.json()
    assert client.get(MINE).json()["results"] == []


def test_on_request_and_approved(
    api: Any, dana: Person, alice: Person, acme: Tenant, open_domain: OpenDomain
) -> None:
    open_domain("request")
    asked = api(dana, None).post(f"tenants/{acme.id}/join/")
    with tenant_context(acme):
        request = JoinRequest.objects.get()
        role = Role.objects.get(code="member")
        admin = Member.objects.get(person_id=alice.id)
    assert (asked.status_code, asked.json()["member_id"], asked.json()["join_request_id"]) == (
        202,
        None,
        str(request.id),
    )
    client = api(alice)
    (listed,) = client.get(PATH, status="pending").json()["results"]
    assert {**listed, "created_at": "", "updated_at": ""} == {
        "id": str(request.id),
        "person_id": str(dana.id),
        "email": "dana@acme.test",
        "name": "Dana Diaz",
        "status": "pending",
        "decided_at": None,
        "decided_by": None,
        "member_id": None,
        "created_at": "",
        "updated_at": "",
    }
    one = client.get(f"{PATH}{request.id}/")
    assert one.json() == listed
    assert (
        client("GET", f"{PATH}{request.id}/", headers={"If-None-Match": one["ETag"]}).status_code
        == 304
    )
    approved = client.post(f"{PATH}{request.id}/approve/", {"role_ids": [role.id]})
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert approved.json()["decided_by"] == {
        "id": str(admin.id),
        "name": "Alice Archer",
        "email": "alice@acme.test",
    }
    assert api(dana).get("organizations/").status_code == 200
    again = client.post(f"{PATH}{request.id}/decline/")
    assert (again.status_code, again.json()["code"]) == (409, "join_request_closed")
    assert client.get(PATH, status="pending").json()["results"] == []


def test_declined(
    api: Any, dana: Person, alice: Person, acme: Tenant, open_domain: OpenDomain
) -> None:
    open_domain("request")
    client = api(dana, None)
    request_id = client.post(f"tenants/{acme.id}/join/").json()["join_request_id"]
    declined = api(alice).post(f"{PATH}{request_id}/decline/")
    assert (declined.status_code, declined.json()["status"]) == (200, "declined")
    again = client.post(f"tenants/{acme.id}/join/")
    assert (again.status_code, again.json()["code"]) == (409, "join_declined")
    (offer,) = client.get(MINE).json()["results"]
    assert offer["ask_again_at"] is not None


@pytest.mark.parametrize(
    "body", [{}, {"role_ids": []}, {"role_ids": "x"}, {"role_ids": ["x"]}, {"role_ids": [7]}]
)
def test_bad_input(
    api: Any, alice: Person, acme: Tenant, in_acme: None, body: dict[str, Any]
) -> None:
    request = requested(acme)
    assert api(alice).post(f"{PATH}{request.id}/approve/", body).status_code == 400
    assert api(alice).get(PATH, status="odd").status_code == 400
    assert api(alice, None).get(MINE, tenant="x").status_code == 400
    request.refresh_from_db()
    assert request.status == "pending"


def test_roles_above_ones_own_and_unknown_ones(
    api: Any, alice: Person, bob: Person, acme: Tenant, in_acme: None
) -> None:
    request = requested(acme)
    path = f"{PATH}{request.id}/approve/"
    unknown = api(alice).post(path, {"role_ids": [MISSING]})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "role_unknown")
    elsewhere = {"role_ids": [Role.objects.get(code="member").id], "organization_id": MISSING}
    assert api(alice).post(path, elsewhere).status_code == 404
    request.refresh_from_db()
    assert request.status == "pending"


def test_who_may(
    api: Any, alice: Person, bob: Person, charlie: Person, acme: Tenant, globex: Tenant
) -> None:
    request, foreign = requested(acme), requested(globex, "eve")
    with tenant_context(acme):
        role_id = Role.objects.get(code="member").id
    body = {"role_ids": [role_id]}

    def outcomes(person: Person | None) -> list[int]:
        client = api(person)
        return [
            client.get(PATH).status_code,
            client.get(f"{PATH}{request.id}/").status_code,
            client.post(f"{PATH}{request.id}/approve/", body).status_code,
            client.post(f"{PATH}{request.id}/decline/").status_code,
        ]

    assert outcomes(None) == [401] * 4
    assert outcomes(bob) == [403] * 4
    assert outcomes(charlie) == [404] * 4
    assert api(None, None).get(MINE).status_code == 401
    assert api(None, None).post(f"tenants/{acme.id}/join/").status_code == 401
    client = api(alice)
    for tail, method, sent in (
        ("", "GET", None),
        ("approve/", "POST", body),
        ("decline/", "POST", {}),
    ):
        same_problem(
            client(method, f"{PATH}{foreign.id}/{tail}", sent),
            client(method, f"{PATH}{MISSING}/{tail}", sent),
        )
    same_problem(
        api(charlie, None).post(f"tenants/{acme.id}/join/"),
        api(charlie, None).post(f"tenants/{MISSING}/join/"),
    )
    for tenant, one in ((acme, request), (globex, foreign)):
        with tenant_context(tenant):
            one.refresh_from_db()
        assert one.status == "pending"


def test_statements(
    bearer: Any, alice: Person, dana: Person, acme: Tenant, open_domain: OpenDomain
) -> None:
    open_domain("automatic")
    client, mine = bearer(alice), bearer(dana, None)
    with statements(4):
        client.get(PATH)
    with statements(5):
        assert len(mine.get(MINE).json()["results"]) == 1
    for number in range(20):
        requested(acme, f"d{number}")
    with statements(4):
        assert len(client.get(PATH).json()["results"]) == 20
