from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client

from apps.accounts import handoff
from apps.accounts.models import Person
from apps.accounts.services import membership_remove, person_deactivate
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, SYSTEM, host, sign_in

pytestmark = pytest.mark.django_db


class Browser:
    """Cookies per host, as browsers keep them; follows redirects by hand."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}

    def on(self, netloc: str) -> Client:
        return self.clients.setdefault(netloc, Client(HTTP_HOST=netloc))

    def get(self, url: str) -> HttpResponse:
        parts = urlsplit(url)
        return self.on(parts.netloc).get(f"{parts.path}?{parts.query}")

    def who(self, netloc: str) -> str:
        return self.on(netloc).get("/who/").content.decode()


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def signed_in(browser: Browser, alice: Person) -> Browser:
    sign_in(browser.on(PUBLIC), alice)
    return browser


def enter_url(browser: Browser, tenant: Tenant, following: str = "/members/") -> str:
    """Walk from the tenant's sign-in to the address with the ticket."""
    opened = browser.get(f"http://{host(tenant)}/sign-in/?next={following}")
    assert opened.status_code == 302
    assert opened["Location"].startswith(f"http://{PUBLIC}/open/{tenant.slug}/?state=")
    entered = browser.get(opened["Location"])
    assert entered["Location"].startswith(f"http://{host(tenant)}/enter/?ticket=")
    return entered["Location"]


def test_a_page_that_wants_a_person_leads_to_sign_in(browser: Browser, acme: Tenant) -> None:
    response = browser.get(f"http://{host(acme)}/closed/?a=1")
    assert response["Location"] == "/sign-in/?next=/closed/%3Fa%3D1"


def test_sign_in_sets_a_guarded_state(browser: Browser, acme: Tenant) -> None:
    response = browser.get(f"http://{host(acme)}/sign-in/?next=/members/")
    cookie = response.cookies["sign-in"]
    assert handoff.STATE.fullmatch(cookie.value)
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 600)
    query = parse_qs(urlsplit(response["Location"]).query)
    assert query == {"state": [cookie.value], "next": ["/members/"]}
    # A second tab shares it.
    again = browser.get(f"http://{host(acme)}/sign-in/")
    assert again.cookies["sign-in"].value == cookie.value


def test_whole_way_for_somebody_signed_in(signed_in: Browser, acme: Tenant) -> None:
    response = signed_in.get(enter_url(signed_in, acme))
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert response.cookies["sign-in"].value == ""
    assert signed_in.who(host(acme)) == "alice@acme.test"
    assert signed_in.on(host(acme)).session["host_tenant"] == str(acme.id)


def test_whole_way_through_the_sign_in_page(browser: Browser, acme: Tenant, alice: Person) -> None:
    opened = browser.get(f"http://{host(acme)}/sign-in/?next=/members/%3Fa%3D1%26b%3D2")
    to_login = browser.get(opened["Location"])
    assert to_login["Location"].startswith("/accounts/login/?next=/open/acme/")
    following = parse_qs(urlsplit(to_login["Location"]).query)["next"][0]
    logged_in = browser.on(PUBLIC).post(
        "/accounts/login/",
        {"login": alice.email, "password": "wrapper-demo", "next": following},
    )
    assert logged_in["Location"] == following
    entered = browser.get(f"http://{PUBLIC}{following}")
    response = browser.get(entered["Location"])
    assert response["Location"] == "/members/?a=1&b=2"
    assert browser.who(host(acme)) == "alice@acme.test"


def test_a_link_from_the_public_site_fetches_a_state_first(
    signed_in: Browser, acme: Tenant
) -> None:
    response = signed_in.get(f"http://{PUBLIC}/open/acme/?next=/members/")
    assert response["Location"] == f"http://{host(acme)}/sign-in/?next=%2Fmembers%2F&way=other"


def test_ticket_works_once(signed_in: Browser, acme: Tenant) -> None:
    url = enter_url(signed_in, acme)
    state = signed_in.on(host(acme)).cookies["sign-in"].value
    assert signed_in.get(url).status_code == 302
    thief = Browser()
    thief.on(host(acme)).cookies["sign-in"] = state
    assert thief.get(url).status_code == 400
    assert thief.who(host(acme)) == "AnonymousUser"


def test_ticket_of_another_browser_signs_nobody_in(signed_in: Browser, acme: Tenant) -> None:
    """Login CSRF: the attacker's own ticket, followed by the victim."""
    url = enter_url(signed_in, acme)
    victim = Browser()
    assert victim.get(url).status_code == 400
    victim.get(f"http://{host(acme)}/sign-in/")
    assert victim.get(url).status_code == 400
    assert victim.who(host(acme)) == "AnonymousUser"
    # Neither attempt spent it.
    assert signed_in.get(url).status_code == 302


def test_state_in_the_address_must_be_the_cookies(signed_in: Browser, acme: Tenant) -> None:
    url = enter_url(signed_in, acme)
    signed_in.on(host(acme)).cookies["sign-in"] = handoff.new_state()
    assert signed_in.get(url).status_code == 400
    state = signed_in.on(host(acme)).cookies["sign-in"].value
    forged = url.partition("&state=")[0] + f"&state={state}"
    assert signed_in.get(forged).status_code == 400
    assert signed_in.who(host(acme)) == "AnonymousUser"


def test_ticket_is_for_one_tenant(signed_in: Browser, acme: Tenant, globex: Tenant) -> None:
    url = enter_url(signed_in, acme)
    state = signed_in.on(host(acme)).cookies["sign-in"].value
    signed_in.on(host(globex)).cookies["sign-in"] = state
    response = signed_in.get(url.replace("acme.", "globex."))
    assert response.status_code == 400
    assert signed_in.who(host(globex)) == "AnonymousUser"


def test_ticket_expires(signed_in: Browser, acme: Tenant) -> None:
    url = enter_url(signed_in, acme)
    ticket = parse_qs(urlsplit(url).query)["ticket"][0]
    key = f"handoff:{handoff._digest(ticket)}"
    cache = caches["global"]
    remaining_s = cache._cache.get_client(None).ttl(cache.make_key(key))
    assert 0 < remaining_s <= 60
    cache.touch(key, 0)
    assert signed_in.get(url).status_code == 400


@pytest.mark.parametrize("change", ["removed", "deactivated"])
def test_ticket_of_somebody_who_lost_access(
    signed_in: Browser, acme: Tenant, alice: Person, change: str
) -> None:
    url = enter_url(signed_in, acme)
    if change == "removed":
        membership_remove(actor=SYSTEM, person_id=alice.id, tenant_id=acme.id)
    else:
        person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert signed_in.get(url).status_code == 400
    assert signed_in.who(host(acme)) == "AnonymousUser"


@pytest.mark.parametrize("slug", ["globex", "nothing-here", "public", "a'b", "x" * 200])
def test_foreign_and_missing_workspaces_look_the_same(
    signed_in: Browser, globex: Tenant, slug: str
) -> None:
    response = signed_in.get(f"http://{PUBLIC}/open/{slug}/?state={'x' * 43}")
    assert response.status_code == 404
    assert b"There is no such workspace" in response.content
    assert b"globex" not in response.content.lower()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "/%09/evil.test",
        "/%0d%0aSet-Cookie:x=1",
        "javascript:alert(1)",
        "evil.test",
        "/" + "x" * 3000,
    ],
)
def test_next_never_leaves_the_tenant(signed_in: Browser, acme: Tenant, target: str) -> None:
    response = signed_in.get(enter_url(signed_in, acme, target))
    assert response["Location"] == "/"


def test_host_must_be_the_tenants(signed_in: Browser, acme: Tenant, globex: Tenant) -> None:
    state = "x" * 43
    for wrong in ("evil.test", "globex.localhost", "localhost", "acme.localhost.evil.test"):
        response = signed_in.get(f"http://{PUBLIC}/open/acme/?state={state}&host={wrong}")
        assert response.status_code == 404
        assert "Location" not in response


def test_custom_domain(signed_in: Browser, acme: Tenant) -> None:
    from django.utils import timezone

    from apps.tenants.models import Domain

    Domain.objects.create(tenant=acme, domain="work.acme.test", verified_at=timezone.now())
    opened = signed_in.get("http://work.acme.test:8000/sign-in/?next=/members/")
    assert "host=work.acme.test" in opened["Location"]
    page = signed_in.get(opened["Location"])
    assert page.status_code == 200
    url = page["Refresh"].removeprefix("0; url=")
    assert url.startswith("http://work.acme.test:8000/enter/?ticket=")
    assert signed_in.get(url)["Location"] == "/members/"
    assert signed_in.who("work.acme.test:8000") == "alice@acme.test"


def test_session_is_good_on_its_own_host_only(
    signed_in: Browser, acme: Tenant, globex: Tenant
) -> None:
    signed_in.get(enter_url(signed_in, acme))
    of_acme = signed_in.on(host(acme)).cookies["session"].value
    of_public = signed_in.on(PUBLIC).cookies["session"].value
    for cookie, wrong in (
        (of_acme, host(globex)),
        (of_acme, PUBLIC),
        (of_public, host(acme)),
        (of_public, host(globex)),
    ):
        thief = Client(HTTP_HOST=wrong)
        thief.cookies["session"] = cookie
        assert thief.get("/who/").content == b"AnonymousUser"
        response = thief.get("/api/v1/me/")
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    # Whoever tried has ended both sessions.
    assert signed_in.who(host(acme)) == "AnonymousUser"
    assert signed_in.who(PUBLIC) == "AnonymousUser"


def test_sign_out_ends_both_sessions(signed_in: Browser, acme: Tenant) -> None:
    signed_in.get(enter_url(signed_in, acme))
    assert signed_in.on(host(acme)).get("/sign-out/").status_code == 405
    response = signed_in.on(host(acme)).post("/sign-out/")
    assert response["Location"].startswith(f"http://{PUBLIC}/signed-out/?ticket=")
    assert signed_in.who(host(acme)) == "AnonymousUser"
    assert signed_in.who(PUBLIC) == "alice@acme.test"
    assert signed_in.get(response["Location"])["Location"] == "/accounts/login/"
    assert signed_in.who(PUBLIC) == "AnonymousUser"


def test_sign_out_needs_the_csrf_token(signed_in: Browser, acme: Tenant) -> None:
    signed_in.get(enter_url(signed_in, acme))
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=host(acme))
    strict.cookies = signed_in.on(host(acme)).cookies
    assert strict.post("/sign-out/").status_code == 403
    assert signed_in.who(host(acme)) == "alice@acme.test"


def test_nobody_is_signed_out_by_a_link(
    signed_in: Browser, acme: Tenant, globex: Tenant, charlie: Person
) -> None:
    for ticket in ("", "x", handoff.issue_sign_out(charlie.id)):
        signed_in.get(f"http://{PUBLIC}/signed-out/?ticket={ticket}")
        assert signed_in.who(PUBLIC) == "alice@acme.test"
