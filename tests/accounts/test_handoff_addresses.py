"""Signing in on a workspace whose address has changed, and on a domain of its own."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import tenant_readdress
from tests.accounts.support import PUBLIC, SYSTEM, host, sign_in
from tests.accounts.test_handoff import Browser

pytestmark = pytest.mark.django_db
OWN = "work.acme.test"
LIMIT = 10


@pytest.fixture
def browser(alice: Person) -> Browser:
    """Signed in on the public host."""
    browser = Browser()
    sign_in(browser.on(PUBLIC), alice)
    return browser


@pytest.fixture
def own(acme: Tenant) -> Domain:
    return Domain.objects.create(tenant=acme, domain=OWN, verified_at=timezone.now())


def follow(browser: Browser, url: str) -> list[str]:
    """Every address on the way, until a page is shown."""
    way = [url]
    while len(way) < LIMIT:
        response = browser.get(way[-1])
        target = response.get("Location") or response.get("Refresh", "").removeprefix("0; url=")
        if not target:
            assert response.status_code == 200, way
            return way
        parts = urlsplit(way[-1])
        way.append(target if "://" in target else f"{parts.scheme}://{parts.netloc}{target}")
    raise AssertionError(f"a loop: {way}")


def places(way: list[str]) -> list[str]:
    return [urlsplit(url).netloc + urlsplit(url).path for url in way]


def test_a_link_to_the_old_address_signs_in_silently_at_the_new_one(
    browser: Browser, acme: Tenant
) -> None:
    moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    way = follow(browser, f"http://{host(acme)}/who/?a=1&b=%2F")
    assert way[-1] == f"http://{host(moved)}/who/?a=1&b=%2F"
    assert browser.who(host(moved)) == "AnonymousUser"  # /who/ asks nobody to sign in
    way = follow(browser, f"http://{host(acme)}/closed/?a=1&b=%2F")
    assert places(way) == [
        "acme.localhost:8000/closed/",
        "acme-works.localhost:8000/closed/",
        "acme-works.localhost:8000/sign-in/",
        "localhost:8000/open/acme-works/",
        "acme-works.localhost:8000/enter/",
        "acme-works.localhost:8000/closed/",
    ]
    assert way[-1].endswith("/closed/?a=1&b=%2F")
    assert browser.who(host(moved)) == "alice@acme.test"


def test_the_session_of_the_old_address_is_not_carried_over(browser: Browser, acme: Tenant) -> None:
    follow(browser, f"http://{host(acme)}/closed/")
    assert browser.who(host(acme)) == "alice@acme.test"
    moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    assert browser.who(host(moved)) == "AnonymousUser"
    tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme")
    assert browser.who(host(acme)) == "alice@acme.test"


def test_an_address_that_changes_while_somebody_signs_in(browser: Browser, acme: Tenant) -> None:
    """The browser has its state on the old host: it gets another, instead of a dead ticket."""
    started = browser.get(f"http://{host(acme)}/sign-in/?next=/closed/")
    moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    way = follow(browser, started["Location"])
    assert places(way) == [
        "localhost:8000/open/acme/",
        "acme-works.localhost:8000/sign-in/",
        "localhost:8000/open/acme-works/",
        "acme-works.localhost:8000/enter/",
        "acme-works.localhost:8000/closed/",
    ]
    assert browser.who(host(moved)) == "alice@acme.test"


def test_an_address_that_changes_when_the_ticket_is_out(browser: Browser, acme: Tenant) -> None:
    started = browser.get(f"http://{host(acme)}/sign-in/?next=/closed/")
    with_ticket = browser.get(started["Location"])["Location"]
    moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    response = browser.get(browser.get(with_ticket)["Location"])
    assert response.status_code == 400
    assert browser.who(host(moved)) == "AnonymousUser"


@pytest.mark.parametrize("wanted", ["acme.localhost", "ACME.localhost", "acme.localhost."])
def test_the_old_host_as_the_one_that_asks(browser: Browser, acme: Tenant, wanted: str) -> None:
    tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    response = browser.get(
        f"http://{PUBLIC}/open/acme-works/?state={'x' * 43}&host={wanted}&next=/closed/"
    )
    if wanted == "acme.localhost":
        assert response["Location"] == (
            "http://acme-works.localhost:8000/sign-in/?next=%2Fclosed%2F&way=other"
        )
    else:
        assert response.status_code == 404


def test_own_domain(browser: Browser, acme: Tenant, own: Domain) -> None:
    way = follow(browser, f"http://{OWN}:8000/closed/?a=1")
    assert places(way) == [
        "work.acme.test:8000/closed/",
        "work.acme.test:8000/sign-in/",
        "localhost:8000/open/acme/",
        "work.acme.test:8000/enter/",
        "work.acme.test:8000/closed/",
    ]
    assert browser.who(f"{OWN}:8000") == "alice@acme.test"
    assert browser.who(host(acme)) == "AnonymousUser"


def test_a_link_of_the_public_site_leads_to_the_primary_domain(
    browser: Browser, acme: Tenant, own: Domain
) -> None:
    Tenant.objects.filter(id=acme.id).update(primary_host=OWN)
    way = follow(browser, f"http://{PUBLIC}/open/acme/?next=/closed/")
    assert places(way)[1:] == [
        "work.acme.test:8000/sign-in/",
        "localhost:8000/open/acme/",
        "work.acme.test:8000/enter/",
        "work.acme.test:8000/closed/",
    ]
    # The subdomain that asked gets its own answer all the same.
    way = follow(browser, f"http://{host(acme)}/closed/")
    assert places(way)[-2:] == ["acme.localhost:8000/enter/", "acme.localhost:8000/closed/"]


def test_an_old_address_with_a_primary_domain(browser: Browser, acme: Tenant, own: Domain) -> None:
    Tenant.objects.filter(id=acme.id).update(primary_host=OWN)
    tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    way = follow(browser, f"http://{host(acme)}/closed/")
    assert places(way)[-1] == "work.acme.test:8000/closed/"
    assert browser.who(f"{OWN}:8000") == "alice@acme.test"


def test_a_domain_that_is_not_proven_gets_no_ticket(browser: Browser, acme: Tenant) -> None:
    Domain.objects.create(tenant=acme, domain=OWN, token="t")
    assert browser.get(f"http://{OWN}:8000/sign-in/").status_code == 404
    response = browser.get(f"http://{PUBLIC}/open/acme/?state={'x' * 43}&host={OWN}")
    assert response.status_code == 404
    assert "Refresh" not in response


def test_a_removed_domain_keeps_nobody_signed_in_for_its_next_owner(
    browser: Browser, acme: Tenant, globex: Tenant, own: Domain
) -> None:
    follow(browser, f"http://{OWN}:8000/closed/")
    own.delete()
    Domain.objects.create(tenant=globex, domain=OWN, verified_at=timezone.now())
    assert browser.who(f"{OWN}:8000") == "AnonymousUser"


def test_a_ticket_is_good_on_its_own_host_only(browser: Browser, acme: Tenant, own: Domain) -> None:
    """Who controls a customer's name could get at a ticket, or at a cookie."""
    opened = browser.get(f"http://{OWN}:8000/sign-in/?next=/closed/")
    url = browser.get(opened["Location"])["Refresh"].removeprefix("0; url=")
    thief = Browser()
    thief.on(host(acme)).cookies["sign-in"] = browser.on(f"{OWN}:8000").cookies["sign-in"].value
    assert thief.get(url.replace(f"{OWN}:8000", host(acme))).status_code == 400
    assert thief.who(host(acme)) == "AnonymousUser"


def test_a_session_is_good_on_the_host_where_it_began_only(
    browser: Browser, acme: Tenant, own: Domain
) -> None:
    follow(browser, f"http://{OWN}:8000/closed/")
    cookie = browser.on(f"{OWN}:8000").cookies["session"].value
    thief = Browser()
    thief.on(host(acme)).cookies["session"] = cookie
    assert thief.who(host(acme)) == "AnonymousUser"
    # The attempt has ended it.
    assert browser.who(f"{OWN}:8000") == "AnonymousUser"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://work.acme.test:8000", 302),
        ("http://acme.localhost:8000", 403),
        ("http://localhost:8000", 403),
        ("http://evil.test", 403),
        ("null", 403),
    ],
)
def test_forms_of_an_own_domain_are_its_own(
    browser: Browser, own: Domain, origin: str, status: int
) -> None:
    """CSRF: every host trusts itself alone."""
    way = follow(browser, f"http://{OWN}:8000/closed/")
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=f"{OWN}:8000")
    strict.cookies = browser.on(urlsplit(way[-1]).netloc).cookies
    strict.cookies["csrftoken"] = "a" * 32
    response = strict.post(
        "/sign-out/", {"csrfmiddlewaretoken": "a" * 32}, headers={"Origin": origin}
    )
    assert response.status_code == status
    if status == 302:
        assert parse_qs(urlsplit(response["Location"]).query)["ticket"]
