"""Pages of other sites call the API: those that the workspace lists, with a token, never with cookies."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.test import Client

from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_start
from apps.common.actors import Actor
from apps.organizations.models import Organization
from apps.tenants.models import Tenant
from apps.tenants.services import allowed_origins_set
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.api.client import statements
from tests.conftest import SYSTEM
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
OURS, THEIRS = "https://app.acme.test", "https://app.globex.test"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-tenant"}


@pytest.fixture(autouse=True)
def _listed(acme: Tenant, globex: Tenant) -> None:
    # Not by the service: the caches would wait for the commit of the test's transaction.
    Tenant.objects.filter(id=acme.id).update(allowed_origins=[OURS])
    Tenant.objects.filter(id=globex.id).update(allowed_origins=[THEIRS])
    acme.refresh_from_db()
    globex.refresh_from_db()


def token(person: Person, tenant: Tenant | None = None) -> str:
    pair = token_session_start(
        person=person,
        tenant_id=tenant.id if tenant else None,
        user_agent="tests",
        ip=None,
        methods=("password",),
    )
    return f"Bearer {pair.access}"


def at(tenant: Tenant | None, **headers: str) -> Client:
    return Client(HTTP_HOST=host(tenant) if tenant else PUBLIC, headers=headers)


def preflight(client: Client, origin: str, path: str = "/api/v1/members/") -> Any:
    return client.options(path, headers={"Origin": origin, **PREFLIGHT})


def refused(response: Any) -> bool:
    """With nothing that lets a page read it."""
    return (
        response.status_code == 403
        and response.json()["code"] == "origin_not_allowed"
        and not [name for name in response.headers if name.startswith("Access-Control-")]
        and "Origin" in response["Vary"]
    )


def test_a_preflight_of_a_listed_origin(acme: Tenant) -> None:
    response = preflight(at(acme), OURS)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == OURS
    assert response["Access-Control-Max-Age"] == "7200"
    methods = set(response["Access-Control-Allow-Methods"].split(", "))
    assert methods == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    allowed = {name.lower() for name in response["Access-Control-Allow-Headers"].split(", ")}
    assert allowed >= {"authorization", "content-type", "x-tenant", "if-match", "idempotency-key"}
    assert not allowed & {"x-csrftoken", "cookie"}
    assert "Access-Control-Allow-Credentials" not in response
    assert "Origin" in response["Vary"]


def test_a_preflight_is_cheap(acme: Tenant, settings: Any) -> None:
    settings.CACHE_READS = True
    preflight(at(acme), OURS)
    with statements(0):
        assert preflight(at(acme), OURS).status_code == 204
        assert refused(preflight(at(acme), THEIRS))
        assert preflight(at(None), OURS).status_code == 204
    caches["global"].clear()


def test_a_listed_origin_reads_and_writes(acme: Tenant, alice: Person, root: Organization) -> None:
    client = at(acme, Authorization=token(alice), Origin=OURS)
    response = client.get("/api/v1/members/")
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == OURS
    assert "Access-Control-Allow-Credentials" not in response
    exposed = set(response["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {
        *("ETag", "Retry-After", "X-Request-ID", "Idempotency-Replayed", "Deprecation"),
        *("Sunset", "Link", "RateLimit-Remaining"),
    }
    body = {"name": "Sales", "parent": str(root.id)}
    made = client.post("/api/v1/organizations/", body, content_type="application/json")
    assert made.status_code == 201
    assert made["Access-Control-Allow-Origin"] == OURS


def test_errors_can_be_read_by_it_too(acme: Tenant) -> None:
    response = at(acme, Origin=OURS).get("/api/v1/members/")
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (401, OURS)
    response = at(acme, Origin=OURS).get("/api/v1/no-such/")
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (404, OURS)


@pytest.mark.parametrize(
    "origin",
    [
        THEIRS,
        "https://evil.test",
        "null",
        "",
        "http://app.acme.test",
        "https://app.acme.test.evil.test",
        "https://evil.test#https://app.acme.test",
        "https://app.acme.test:8443",
        "https://app.acme.test/",
        "https://APP.acme.test",
        "https://xapp.acme.test",
        "https://acme.test",
        "file://",
        "https://[::1",
        f"{OURS}, {THEIRS}",
        f"{OURS} {THEIRS}",
        "*",
    ],
)
def test_any_other_origin_is_refused_before_it_has_an_effect(
    acme: Tenant, alice: Person, root: Organization, origin: str
) -> None:
    before = Organization.objects.count()
    client = at(acme, Authorization=token(alice), Origin=origin)
    assert refused(preflight(at(acme), origin))
    assert refused(client.get("/api/v1/members/"))
    body = {"name": "Sales", "parent": str(root.id)}
    assert refused(client.post("/api/v1/organizations/", body, content_type="application/json"))
    assert refused(client.get("/api/v1/me/"))
    assert Organization.objects.count() == before


def test_an_origin_of_one_tenant_is_not_anothers(
    acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    assert (
        at(globex, Authorization=token(charlie), Origin=THEIRS).get("/api/v1/members/").status_code
        == 200
    )
    assert refused(at(globex, Authorization=token(charlie), Origin=OURS).get("/api/v1/members/"))
    assert refused(preflight(at(globex), OURS))
    assert refused(at(acme, Authorization=token(alice), Origin=THEIRS).get("/api/v1/members/"))
    # By the header the tenant is another one than the host's.
    named = at(acme, Authorization=token(charlie), Origin=OURS)
    assert refused(named.get("/api/v1/members/", headers={"X-Tenant": "globex"}))
    both = {"X-Tenant": "globex", "Origin": THEIRS}
    assert named.get("/api/v1/members/", headers=both).status_code == 200


@pytest.mark.parametrize("origin", [OURS, THEIRS, "https://evil.test", "http://localhost:3000"])
def test_on_the_public_host_anybody_may_ask(origin: str) -> None:
    """A preflight names the header X-Tenant and not its value; the answer tells nothing about tenants."""
    response = preflight(at(None), origin)
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, origin)


@pytest.mark.parametrize("origin", ["null", "", "*", "https://evil.test/", "x", "https://é.test"])
def test_but_not_what_is_no_origin(origin: str) -> None:
    assert refused(preflight(at(None), origin))


def test_on_the_public_host_the_request_is_judged(
    acme: Tenant, alice: Person, root: Organization
) -> None:
    client = at(None, Authorization=token(alice))
    ours, evil = {"Origin": OURS}, {"Origin": "https://evil.test"}
    named = {"X-Tenant": "acme"}
    response = client.get("/api/v1/members/", headers={**ours, **named})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, OURS)
    assert refused(client.get("/api/v1/members/", headers={**evil, **named}))
    assert refused(client.get("/api/v1/members/", headers={**ours, "X-Tenant": "globex"}))
    assert refused(client.get("/api/v1/members/", headers={**ours, "X-Tenant": "nobody"}))
    # Which tenant's page it is, nothing says.
    assert refused(client.get("/api/v1/me/", headers=ours))
    before = Organization.objects.count()
    sent = client.post(
        "/api/v1/organizations/",
        {"name": "Sales", "parent": str(root.id)},
        content_type="application/json",
        headers={**evil, **named},
    )
    assert refused(sent)
    assert Organization.objects.count() == before


def test_the_tenant_of_views_that_are_in_none(acme: Tenant, alice: Person) -> None:
    """Views of persons take the tenant off the request; the origin was judged by it."""
    client = at(None, Authorization=token(alice), Origin=OURS)
    response = client.get("/api/v1/me/", headers={"X-Tenant": "acme"})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, OURS)


def test_a_bound_token_names_the_tenant(acme: Tenant, alice: Person) -> None:
    bound = at(None, Authorization=token(alice, acme), Origin=OURS)
    assert bound.get("/api/v1/members/")["Access-Control-Allow-Origin"] == OURS
    assert refused(bound.get("/api/v1/members/", headers={"Origin": THEIRS}))


def test_a_key_names_the_tenant(owner: Actor) -> None:
    client = at(None, Authorization=f"Bearer {make_key(owner).text}", Origin=OURS)
    response = client.get("/api/v1/members/")
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, OURS)
    assert refused(client.get("/api/v1/members/", headers={"Origin": THEIRS}))


def test_cookies_never_cross_origins(acme: Tenant, alice: Person) -> None:
    """A site next to a domain of the workspace's own is the same site to browsers: they send Lax cookies."""
    client = at(acme)
    force_sign_in(client, alice, acme)
    assert client.get("/api/v1/members/").status_code == 200
    assert (
        client.get("/api/v1/members/", headers={"Origin": f"http://{host(acme)}"}).status_code
        == 200
    )
    response = client.get("/api/v1/members/", headers={"Origin": OURS})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (401, OURS)
    assert "Set-Cookie" not in response.headers
    assert not response.cookies


def test_answers_vary_by_origin_also_without_one(acme: Tenant, alice: Person) -> None:
    response = at(acme, Authorization=token(alice)).get("/api/v1/members/")
    assert "Origin" in response["Vary"]
    assert "Access-Control-Allow-Origin" not in response


def test_pages_are_no_api(acme: Tenant, alice: Person) -> None:
    client = at(acme, Origin=OURS)
    force_sign_in(client, alice, acme)
    for path in ("/", "/settings/", "/.well-known/jwks.json", "/static/js/app.js"):
        response = client.get(path)
        assert "Access-Control-Allow-Origin" not in response, path
        assert "Access-Control-Allow-Origin" not in preflight(at(acme), OURS, path), path


def test_it_ends_as_soon_as_the_origin_is_removed(acme: Tenant, alice: Person) -> None:
    client = at(acme, Authorization=token(alice), Origin=OURS)
    assert client.get("/api/v1/members/").status_code == 200
    allowed_origins_set(actor=SYSTEM, tenant_id=acme.id, origins=[])
    assert refused(client.get("/api/v1/members/"))


def test_it_comes_after_what_chooses_the_tenant_and_before_who_asks() -> None:
    order = django_settings.MIDDLEWARE
    place = order.index("apps.tenants.cors.CorsMiddleware")
    assert order[place - 1] == "apps.roles.middleware.ApiKeyTenantMiddleware"
    assert order[place + 1] == "django.contrib.sessions.middleware.SessionMiddleware"
