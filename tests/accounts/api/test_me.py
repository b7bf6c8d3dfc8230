import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Person, TenantMembership
from apps.accounts.services import membership_remove, person_deactivate
from apps.tenants.models import Tenant
from tests.accounts.support import PASSWORD, SYSTEM, host, post_json, sign_in
from tests.api.client import statements
from tests.conftest import World

pytestmark = pytest.mark.django_db
Tokens = dict[str, str]


def bearer(tokens: Tokens) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {tokens['access']}"}


def code(response: object) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def tokens_for(client: Client, person: Person, **extra: str) -> Tokens:
    body = {"email": person.email, "password": PASSWORD}
    return post_json(client, "/api/v1/auth/token/", body, **extra).json()


def test_me_in_one_statement(
    client: Client,
    alice: Person,
    tokens: Tokens,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        response = client.get("/api/v1/me/", **bearer(tokens))
    assert response.status_code == 200
    assert response.json() == {
        "id": str(alice.id),
        "email": "alice@acme.test",
        "name": "Alice Archer",
        "language": "en",
        "time_zone": "UTC",
        "created_at": alice.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_update(client: Client, alice: Person, tokens: Tokens) -> None:
    response = client.patch(
        "/api/v1/me/",
        {"name": " Alice  B ", "time_zone": "Europe/Amsterdam", "email": "x@y.z", "is_staff": True},
        content_type="application/json",
        **bearer(tokens),
    )
    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone, alice.language) == ("Alice B", "Europe/Amsterdam", "en")
    assert (alice.email, alice.is_staff) == ("alice@acme.test", False)


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "a" * 151},
        {"name": "a\tb"},
        {"name": None},
        {"language": "tlh"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "x" * 65},
        {"time_zone": ["UTC"]},
    ],
)
def test_update_refuses(
    client: Client, alice: Person, tokens: Tokens, body: dict[str, object]
) -> None:
    response = client.patch("/api/v1/me/", body, content_type="application/json", **bearer(tokens))
    assert code(response) == (400, "invalid")
    assert response.json()["errors"][0]["attr"] == next(iter(body))
    before = (alice.name, alice.language, alice.time_zone)
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.time_zone) == before


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Basic YTpi", "not_authenticated"),
        ("Bearer x", "token_invalid"),
        ("bearer x.y.z", "token_invalid"),
        ("Bearer " + "a" * 5000, "token_invalid"),
    ],
)
def test_anonymous_and_bad_tokens(client: Client, header: str | None, expected: str) -> None:
    extra = {"HTTP_AUTHORIZATION": header} if header else {}
    response = client.get("/api/v1/me/", **extra)
    assert code(response) == (401, expected)
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_deactivation_takes_effect_on_the_next_request(
    client: Client, alice: Person, tokens: Tokens
) -> None:
    person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert code(client.get("/api/v1/me/", **bearer(tokens))) == (401, "token_revoked")


def test_token_of_one_tenant_is_404_for_another(
    client: Client, alice: Person, acme: Tenant, globex: Tenant
) -> None:
    TenantMembership.objects.create(person=alice, tenant=globex)
    tokens = tokens_for(client, alice, HTTP_X_TENANT="acme")
    for extra in ({}, {"HTTP_X_TENANT": "acme"}, {"HTTP_HOST": host(acme)}):
        assert client.get("/api/v1/me/", **bearer(tokens), **extra).status_code == 200
    answers = [
        client.get("/api/v1/me/", **bearer(tokens), HTTP_X_TENANT="globex"),
        client.get("/api/v1/me/", **bearer(tokens), HTTP_HOST=host(globex)),
        client.get("/api/v1/me/", **bearer(tokens), HTTP_X_TENANT="nothing-here"),
    ]
    bodies = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert bodies[0]["code"] == "not_found"
    assert all(body == bodies[0] for body in bodies)


def test_unbound_token_is_404_where_one_is_no_member(
    client: Client, tokens: Tokens, alice: Person, acme: Tenant, globex: Tenant
) -> None:
    assert client.get("/api/v1/me/", **bearer(tokens), HTTP_X_TENANT="acme").status_code == 200
    for slug in ("globex", "nothing-here"):
        response = client.get("/api/v1/me/", **bearer(tokens), HTTP_X_TENANT=slug)
        assert code(response) == (404, "not_found")
    membership_remove(actor=SYSTEM, person_id=alice.id, tenant_id=acme.id)
    response = client.get("/api/v1/me/", **bearer(tokens), HTTP_X_TENANT="acme")
    assert code(response) == (404, "not_found")


def test_leaving_a_tenant_revokes_the_tokens_that_are_bound_to_it(
    client: Client, alice: Person, acme: Tenant
) -> None:
    tokens = tokens_for(client, alice, HTTP_X_TENANT="acme")
    membership_remove(actor=SYSTEM, person_id=alice.id, tenant_id=acme.id)
    assert code(client.get("/api/v1/me/", **bearer(tokens))) == (401, "token_revoked")


def test_session_cookie_needs_the_csrf_token_to_write(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    assert client.get("/api/v1/me/").status_code == 200
    strict = Client(enforce_csrf_checks=True, HTTP_HOST="localhost:8000")
    strict.cookies = client.cookies
    refused = strict.patch("/api/v1/me/", {"name": "X"}, content_type="application/json")
    assert refused.status_code == 403
    alice.refresh_from_db()
    assert alice.name == "Alice Archer"


def test_session_cookie_with_a_foreign_tenant(
    client: Client, alice: Person, acme: Tenant, globex: Tenant
) -> None:
    sign_in(client, alice)
    assert client.get("/api/v1/me/", HTTP_X_TENANT="acme").status_code == 200
    for slug in ("globex", "nothing-here"):
        assert client.get("/api/v1/me/", HTTP_X_TENANT=slug).status_code == 404


def test_my_tenants(
    client: Client,
    world: World,
    tokens: Tokens,
) -> None:
    alice, acme, globex = world.alice, world.acme, world.globex
    with statements(at_most=2):
        response = client.get("/api/v1/me/tenants/", **bearer(tokens))
    assert response.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": str(acme.id),
                "slug": "acme",
                "name": acme.name,
                "status": "ready",
                "url": "http://acme.localhost:8000/",
            }
        ],
    }
    TenantMembership.objects.create(person=alice, tenant=globex)
    with statements(at_most=2):
        page = client.get("/api/v1/me/tenants/?page_size=1", **bearer(tokens)).json()
    assert [t["slug"] for t in page["results"]] == ["acme"]
    following = client.get(page["next"], **bearer(tokens)).json()
    assert [t["slug"] for t in following["results"]] == ["globex"]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%2500", "page_size=-1", "page_size=x"])
def test_bad_cursors(client: Client, tokens: Tokens, query: str) -> None:
    response = client.get(f"/api/v1/me/tenants/?{query}", **bearer(tokens))
    assert response.status_code == 400
    assert [e["attr"] for e in response.json()["errors"]] == [query.partition("=")[0]]


@pytest.mark.parametrize("path", ["me/", "me/tenants/", "auth/sessions/"])
def test_nothing_without_a_person(client: Client, path: str) -> None:
    assert code(client.get(f"/api/v1/{path}")) == (401, "not_authenticated")
