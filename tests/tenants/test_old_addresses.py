"""What an old subdomain answers: pages lead on, programs are served."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import domain_remove, tenant_readdress, tenant_suspend
from tests.accounts.support import force_sign_in
from tests.api.client import statements

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
OLD, NEW = "acme.localhost:8000", "acme-works.localhost:8000"


@pytest.fixture
def moved(acme: Tenant) -> Tenant:
    return tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")


@pytest.fixture
def old(moved: Tenant) -> Client:
    return Client(HTTP_HOST=OLD)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/members/?q=bob&status=active&after=%20%2F",
        "/sign-in/?next=/members/",
        "/settings/",
        "/no/such/page/",
        "/caf%C3%A9/?x=%C3%A9",
    ],
)
def test_pages_lead_to_the_same_page_of_the_new_one(old: Client, method: str, path: str) -> None:
    response = old.generic(method, path)
    assert response.status_code == 308
    assert response["Location"] == f"http://{NEW}{path}"
    assert response["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert response.content == b""


@pytest.mark.parametrize(
    "host",
    ["ACME.LOCALHOST:8000", "acme.localhost", "acme.localhost.:8000", "acme.localhost:99"],
)
def test_however_the_host_is_written(moved: Tenant, host: str) -> None:
    response = Client(HTTP_HOST=host).get("/members/")
    assert (response.status_code, response["Location"]) == (308, f"http://{NEW}/members/")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//evil.test/", "//evil.test/"),
        ("//evil.test//..", "//evil.test//.."),
        ("/\\evil.test", "/%5Cevil.test"),
        ("/\r\nSet-Cookie:x=1", "/%0D%0ASet-Cookie:x%3D1"),
        ("/@evil.test/", "/@evil.test/"),
        ("http://evil.test/", "/http:/evil.test/"),
    ],
)
def test_no_path_leads_anywhere_else(old: Client, path: str, location: str) -> None:
    response = old.get("/", PATH_INFO=path)
    assert response.status_code == 308
    assert response["Location"] == f"http://{NEW}{location}"
    assert "Set-Cookie" not in response


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.test"},
        {"X-Host": "evil.test"},
        {"Forwarded": "host=evil.test"},
        {"X-Tenant": "globex"},
        {"X-Original-URL": "https://evil.test/"},
    ],
)
def test_no_header_leads_anywhere_else(old: Client, headers: dict[str, str]) -> None:
    response = old.get("/members/", headers=headers)
    assert (response.status_code, response["Location"]) == (308, f"http://{NEW}/members/")


@pytest.mark.parametrize(
    "host", ["x.acme.localhost:8000", "acme.localhost.evil.test", "acme.localhost@evil.test"]
)
def test_hosts_that_look_like_it_are_unknown(moved: Tenant, host: str) -> None:
    response = Client(HTTP_HOST=host).get("/members/")
    assert response.status_code == 404
    assert "Location" not in response


def test_links_lead_to_the_primary_domain(moved: Tenant, old: Client) -> None:
    Domain.objects.create(tenant=moved, domain="work.acme.test", verified_at=timezone.now())
    Tenant.objects.filter(id=moved.id).update(primary_host="work.acme.test")
    assert old.get("/members/")["Location"] == "http://work.acme.test:8000/members/"
    # The present subdomain and the domain itself are served.
    for host in (NEW, "work.acme.test:8000"):
        response = Client(HTTP_HOST=host).get("/members/")
        assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/members/")


def test_back_again(moved: Tenant, old: Client) -> None:
    tenant_readdress(actor=SYSTEM, tenant_id=moved.id, slug="acme")
    assert old.get("/members/")["Location"] == "/sign-in/?next=/members/"
    response = Client(HTTP_HOST=NEW).get("/members/")
    assert (response.status_code, response["Location"]) == (308, f"http://{OLD}/members/")


def test_a_released_one_is_unknown(moved: Tenant, old: Client) -> None:
    domain_remove(actor=SYSTEM, domain_id=Domain.objects.get(domain="acme.localhost").id)
    assert old.get("/members/").status_code == 404
    assert Client(HTTP_HOST=NEW).get("/members/").status_code == 302


def test_programs_are_served_there(
    moved: Tenant, bearer: Callable[..., Any], alice: Person
) -> None:
    client = bearer(alice, None)
    client.client.defaults["HTTP_HOST"] = OLD
    body = client.get("tenant/").json()
    assert (body["id"], body["slug"], body["url"]) == (
        str(moved.id),
        "acme-works",
        f"http://{NEW}/",
    )
    renamed = client.patch("tenant/", {"name": "Acme Works"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Acme Works")
    for path in ("/.well-known/jwks.json", "/api/docs/", "/api/schema/"):
        assert client.client.get(path).status_code == 200
    assert client.client.get("/health/live/").status_code == 200


def test_the_old_slug_names_the_workspace(
    moved: Tenant, bearer: Callable[..., Any], alice: Person, charlie: Person
) -> None:
    for slug in ("acme", "acme-works"):
        client = bearer(alice, None, **{"X-Tenant": slug})
        with statements(3):
            assert client.get("tenant/").json()["id"] == str(moved.id)
        assert bearer(charlie, None, **{"X-Tenant": slug}).get("tenant/").status_code == 404
    # On the workspace's own hosts it names nothing else, so a session is good with it.
    for host in (OLD, NEW):
        browser = Client(HTTP_HOST=host)
        force_sign_in(browser, alice, moved)
        for slug in ("acme", "acme-works"):
            response = browser.get("/api/v1/tenant/", headers={"X-Tenant": slug})
            assert response.status_code == 200
        assert browser.get("/api/v1/tenant/", headers={"X-Tenant": "globex"}).status_code == 401


def test_a_page_that_htmx_asks_for_is_reloaded(old: Client) -> None:
    """A script could not follow to another host."""
    response = old.get("/switcher/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (200, "true")
    assert response.content == b""


def test_a_closed_workspace_says_so_there(moved: Tenant, old: Client) -> None:
    tenant_suspend(actor=SYSTEM, tenant_id=moved.id, reason="x")
    assert old.get("/").status_code == 403


def test_https_on_domains_of_their_own_speaks_for_that_host_alone(acme: Tenant, settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    Domain.objects.create(tenant=acme, domain="acme.test", verified_at=timezone.now())
    whole = "max-age=31536000; includeSubDomains; preload"
    for host, sent in (
        ("acme.test", "max-age=31536000"),
        ("unknown.test", "max-age=31536000"),
        ("acme.localhost", whole),
        ("localhost", whole),
    ):
        for path in ("/", "/static/img/mark.svg", "/health/live/"):
            client = Client(HTTP_HOST=host)
            response = client.get(path, secure=True)
            assert response["Strict-Transport-Security"] == sent, (host, path)
            assert "Strict-Transport-Security" not in client.get(path)
