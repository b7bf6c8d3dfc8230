"""`tenant/`, and how a request says which tenant it is for."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.accounts.services import membership_remove
from apps.tenants.models import Tenant
from tests.api.client import same_problem, statements
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db


def test_get(api: Any, alice: Person, acme: Tenant) -> None:
    body = api(alice).get("tenant/").json()
    assert {key: body[key] for key in ("id", "slug", "name", "status", "url")} == {
        "id": str(acme.id),
        "slug": "acme",
        "name": "Acme",
        "status": "ready",
        "url": "http://acme.localhost:8000/",
    }


def test_get_takes_three_statements(bearer: Any, alice: Person) -> None:
    client = bearer(alice)
    with statements(3):
        client.get("tenant/")


def test_rename(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    etag = client.get("tenant/")["ETag"]
    response = client.patch("tenant/", {"name": "Acme Holding"}, headers={"If-Match": etag})
    assert response.json()["name"] == "Acme Holding"
    stale = client.patch("tenant/", {"name": "Old"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert client.patch("tenant/", {}).json()["name"] == "Acme Holding"
    acme.refresh_from_db()
    assert acme.name == "Acme Holding"


def test_get_with_a_condition(api: Any, alice: Person) -> None:
    etag = api(alice).get("tenant/")["ETag"]
    for condition, status in ((etag, 200), ('"other"', 412)):
        response = api(alice)("GET", "tenant/", headers={"If-Match": condition})
        assert response.status_code == status
    assert response.json()["code"] == "precondition_failed"


@pytest.mark.parametrize("name", [None, "", "x" * 101, 7, [], "a\u202eb"])
def test_rename_refuses_bad_input(api: Any, alice: Person, acme: Tenant, name: Any) -> None:
    response = api(alice).patch("tenant/", {"name": name})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["name"]
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_who_may(api: Any, bob: Person, charlie: Person, acme: Tenant) -> None:
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        assert api(person).get("tenant/").status_code == status
        assert api(person).patch("tenant/", {"name": "Mine"}).status_code == status
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_without_a_tenant_the_answer_says_how_to_name_one(api: Any, alice: Person) -> None:
    response = api(alice, None).get("tenant/")
    assert (response.status_code, response.json()["code"]) == (400, "tenant_required")
    assert "X-Tenant" in response.json()["detail"]


def test_the_header_names_it_on_the_public_host(bearer: Any, alice: Person, acme: Tenant) -> None:
    client = bearer(alice, None, **{"X-Tenant": "acme"})
    assert client.get("tenant/").json()["id"] == str(acme.id)


def test_a_bound_token_names_it_on_the_public_host(
    bearer: Any, alice: Person, acme: Tenant
) -> None:
    assert bearer(alice, None, bound=acme).get("tenant/").json()["id"] == str(acme.id)


@pytest.mark.parametrize(
    "slug", ["globex", "no-such", "", "ACME", "public", "t_acme", "acme,globex", "x" * 5000, "'"]
)
def test_a_forged_header_is_like_a_missing_tenant(bearer: Any, alice: Person, slug: str) -> None:
    for host in (None, "acme"):
        client = bearer(alice, None) if host is None else bearer(alice)
        forged = client("GET", "tenant/", headers={"X-Tenant": slug})
        assert forged.status_code == 404
        same_problem(forged, client("GET", "tenant/", headers={"X-Tenant": "missing"}))


def test_a_token_bound_to_one_tenant_is_no_good_for_another(
    bearer: Any, alice: Person, globex: Tenant, acme: Tenant, charlie: Person
) -> None:
    assert bearer(charlie, acme, bound=globex).get("tenant/").status_code == 404
    assert bearer(charlie, globex, bound=globex).get("tenant/").status_code == 200


def test_removal_shows_on_the_next_request(bearer: Any, alice: Person, acme: Tenant) -> None:
    client = bearer(alice)
    assert client.get("tenant/").status_code == 200
    membership_remove(actor=SYSTEM, person_id=alice.id, tenant_id=acme.id)
    assert client.get("tenant/").status_code == 404


@pytest.mark.parametrize(
    ("status", "answer"), [("suspended", 403), ("provisioning", 503), ("archived", 404)]
)
def test_a_tenant_that_takes_no_requests(
    bearer: Any, alice: Person, acme: Tenant, status: str, answer: int
) -> None:
    client, by_header = bearer(alice), bearer(alice, None, **{"X-Tenant": "acme"})
    Tenant.objects.filter(id=acme.id).update(status=status)
    assert client.get("tenant/").status_code == answer
    assert by_header.get("tenant/").status_code == 404
