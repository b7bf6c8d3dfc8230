"""Settings, Addresses: the workspace's address and its domains."""

import re

import pytest
from django.contrib.messages import get_messages
from django.core.cache import caches
from django.test import Client

from apps.accounts.models import Person
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import tenant_readdress
from tests.api.client import MISSING
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.tenants.conftest import MakeDomain, make_domain
from tests.zone import Zone

__all__ = ["make_domain"]
pytestmark = pytest.mark.django_db
LIST = "/settings/addresses/"
NAME = "work.acme.test"
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def words(response: object) -> str:
    """The page's text, its spaces evened out."""
    return re.sub(r"\s+", " ", " ".join(read(response.content).text))  # type: ignore[attr-defined]


def told(response: object) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def url(domain: Domain, tail: str = "") -> str:
    return f"{LIST}{domain.id}/{tail}"


def test_the_list_says_what_each_does(
    client: Client, acme: Tenant, make_domain: MakeDomain
) -> None:
    page = words(client.get(LIST))
    assert "acme.localhost Primary The workspace’s own address" in page
    assert "Use a domain of your own" in page
    make_domain(acme, "a.acme.test")
    make_domain(acme, "b.acme.test", verified=True)
    make_domain(acme, "c.acme.test", verified=True, check_code="missing", check_error="Gone.")
    make_domain(acme, "d.acme.test", verified=True, token="")
    response = client.get(LIST)
    page = words(response)
    assert read(response.content).check() == []
    assert "a.acme.test Waiting for proof Add its TXT record, then check it" in page
    assert "b.acme.test Verified Verified just now" in page
    assert "c.acme.test Proof missing No record found; checked" in page
    assert "d.acme.test Verified Verified by our support" in page
    assert "Use a domain of your own" not in page


def test_add(client: Client, acme: Tenant) -> None:
    response = client.post(LIST, {"domain": " Work.Acme.Test. "})
    domain = Domain.objects.get(domain=NAME)
    assert (response.status_code, response["Location"]) == (302, url(domain))
    page = client.get(url(domain))
    assert read(page.content).check() == []
    for text in (
        "1. Prove that it is yours",
        f"_wrapper-challenge.{NAME}",
        f"wrapper-verify={domain.token}",
        "Not checked yet.",
        "2. Point it here",
        "Point the domain at localhost with a CNAME record.",
    ):
        assert text in words(page)
    assert f'data-copy="wrapper-verify={domain.token}"' in page.content.decode()
    assert "Make primary" not in words(page)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Enter a domain, for example work.example.com."),
        ("https://work.acme.test/", "Enter the name only: no https://, no port, no path."),
        ("*.acme.test", "A wildcard cannot be added."),
        ("10.0.0.1", "This is not a domain"),
        ("globex.localhost", "This name is the platform's own."),
        ("listed.acme.test", "This domain is in the list of this workspace already."),
        ('"><script>alert(1)</script>', "Enter the name only"),
        ("x" * 501, "at most 500 characters"),
    ],
)
def test_bad_names_are_named(
    client: Client, acme: Tenant, make_domain: MakeDomain, typed: str, message: str
) -> None:
    make_domain(acme, "listed.acme.test")
    response = client.post(LIST, {"domain": typed})
    assert response.status_code == 422
    assert message in words(response)
    assert read(response.content).check() == []
    assert b"<script>alert" not in response.content
    assert Domain.objects.filter(tenant=acme).count() == 2


class TestCheck:
    def test_found(self, client: Client, acme: Tenant, make_domain: MakeDomain, zone: Zone) -> None:
        domain = make_domain(acme, NAME)
        zone.prove(domain)
        response = client.post(url(domain, "check/"))
        assert (response.status_code, response["Location"]) == (302, url(domain))
        assert told(response) == [f"{NAME} is verified."]
        page = words(client.get(url(domain)))
        assert "The record is there It is looked for once a day" in page
        assert "Make primary" in page
        assert told(client.post(url(domain, "check/")))[-1] == f"{NAME} still has its record."

    def test_not_found(self, client: Client, acme: Tenant, make_domain: MakeDomain) -> None:
        domain = make_domain(acme, NAME)
        response = client.post(url(domain, "check/"))
        assert response.status_code == 302
        assert told(response)[0].startswith(f"The name {NAME} does not exist in DNS.")
        page = words(client.get(url(domain)))
        assert f"The domain does not exist The name {NAME} does not exist in DNS." in page

    def test_by_htmx(self, client: Client, acme: Tenant, make_domain: MakeDomain) -> None:
        """Only the result is new, until the state is."""
        domain = make_domain(acme, NAME)
        response = client.post(url(domain, "check/"), **HTMX)
        assert response.status_code == 200
        assert b"<html" not in response.content
        assert "The domain does not exist" in words(response)
        assert told(response) == []
        caches["global"].add(f"domain-check:{acme.id}", 1, 10)
        assert "A check of this workspace's domains is running." in words(
            client.post(url(domain, "check/"), **HTMX)
        )

    def test_by_htmx_when_the_state_changes(
        self, client: Client, acme: Tenant, make_domain: MakeDomain, zone: Zone
    ) -> None:
        domain = make_domain(acme, NAME)
        zone.prove(domain)
        response = client.post(url(domain, "check/"), **HTMX)
        assert response["HX-Refresh"] == "true"
        assert told(response) == [f"{NAME} is verified."]
        zone.clear()
        response = client.post(url(domain, "check/"), **HTMX)
        assert response["HX-Refresh"] == "true"
        page = words(client.get(url(domain)))
        assert "The proof has gone" in page
        assert "Proof missing" in page

    def test_in_use(
        self,
        client: Client,
        acme: Tenant,
        globex: Tenant,
        make_domain: MakeDomain,
        zone: Zone,
    ) -> None:
        make_domain(globex, NAME, verified=True)
        domain = make_domain(acme, NAME, token="m1ne")
        zone.prove(domain)
        assert told(client.post(url(domain, "check/"))) == [
            "This domain is in use by another workspace. If it belongs to you, ask support."
        ]
        page = client.get(url(domain)).content.decode()
        assert "In use by another workspace" in page
        assert "globex" not in page.lower()


def test_primary_and_remove(client: Client, acme: Tenant, make_domain: MakeDomain) -> None:
    domain = make_domain(acme, NAME, verified=True)
    assert told(client.post(url(domain, "primary/"))) == [f"Links lead to {NAME} from now on."]
    acme.refresh_from_db()
    assert acme.primary_host == NAME
    page = words(client.get(LIST))
    assert f"{NAME} Primary Verified" in page
    own = Domain.objects.get(domain="acme.localhost")
    assert f"Links, in e-mails too, lead here instead of to {NAME}." in words(client.get(url(own)))

    remove = client.get(url(domain, "remove/"))
    assert read(remove.content).check() == []
    assert "Links then lead to acme.localhost." in words(remove)
    wrong = client.post(url(domain, "remove/"), {"confirmation": "work.acme"})
    assert wrong.status_code == 422
    assert "The name does not match." in words(wrong)
    assert Domain.objects.filter(domain=NAME).exists()
    done = client.post(url(domain, "remove/"), {"confirmation": NAME})
    assert (done.status_code, done["Location"]) == (302, LIST)
    assert told(done)[-1] == f"{NAME} is removed."
    assert not Domain.objects.filter(domain=NAME).exists()
    acme.refresh_from_db()
    assert acme.primary_host == ""


def test_what_cannot_be_done_is_said(client: Client, acme: Tenant, make_domain: MakeDomain) -> None:
    claim, own = make_domain(acme, NAME), Domain.objects.get(domain="acme.localhost")
    assert told(client.post(url(claim, "primary/"))) == [
        f"{NAME} is not verified yet. Add its TXT record and check it first."
    ]
    response = client.post(url(own, "remove/"), {"confirmation": "acme.localhost"})
    assert response.status_code == 422
    assert "is the workspace's own address" in words(response)
    assert Domain.objects.filter(domain="acme.localhost").exists()


def test_removing_the_domain_that_one_is_at_leads_to_the_subdomain(
    sign_in: SignIn, alice: Person, acme: Tenant, make_domain: MakeDomain
) -> None:
    domain = make_domain(acme, NAME, verified=True)
    client = sign_in(alice, acme, at=NAME)
    response = client.post(url(domain, "remove/"), {"confirmation": NAME})
    assert response["Location"] == f"http://acme.localhost:8000{LIST}"


class TestChange:
    PATH = f"{LIST}change/"

    def test_from_the_old_address(self, client: Client, acme: Tenant, sign_in: SignIn) -> None:
        page = client.get(self.PATH)
        assert read(page.content).check() == []
        for text in (
            "The workspace is at acme.localhost now.",
            "Links and bookmarks to acme.localhost lead to the same page",
            "acme.localhost stays yours until you release it.",
        ):
            assert text in words(page)
        response = client.post(self.PATH, {"slug": " Acme-Works "})
        assert response["Location"] == f"http://acme-works.localhost:8000{LIST}?from=acme"
        acme.refresh_from_db()
        assert acme.slug == "acme-works"

    def test_at_the_new_one(self, sign_in: SignIn, alice: Person, acme: Tenant) -> None:
        moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
        client = sign_in(alice, moved)
        page = client.get(f"{LIST}?from=acme")
        assert read(page.content).check() == []
        assert (
            "The address is changed This is acme-works.localhost now. "
            "Links to acme.localhost lead here until you release it."
        ) in words(page)
        assert "acme.localhost Redirects An old address; its pages lead to acme-works" in words(
            page
        )
        for forged in ("globex", "acme-works", "<b>", "", "x" * 300):
            assert "The address is changed" not in words(client.get(LIST, {"from": forged}))

        old = Domain.objects.get(domain="acme.localhost")
        detail = words(client.get(url(old)))
        assert "An old address" in detail
        assert "Release" in detail
        assert "Make primary" not in detail
        released = client.post(url(old, "remove/"), {"confirmation": "acme.localhost"})
        assert released["Location"] == LIST
        assert not Domain.objects.filter(domain="acme.localhost").exists()

    def test_from_a_domain_of_its_own_one_stays_there(
        self, sign_in: SignIn, alice: Person, acme: Tenant, make_domain: MakeDomain
    ) -> None:
        make_domain(acme, NAME, verified=True)
        client = sign_in(alice, acme, at=NAME)
        response = client.post(self.PATH, {"slug": "acme-works"})
        assert response["Location"] == LIST
        assert told(response) == ["The address is acme-works.localhost."]

    @pytest.mark.parametrize(
        ("slug", "message"),
        [
            ("", "Choose an address."),
            ("globex", "This address is taken. Choose another."),
            ("www", "This address is reserved. Choose another."),
            ("a--b", "Use 2 to 40 lower-case letters"),
            ("x" * 65, "at most 64 characters"),
        ],
    )
    def test_bad_input_is_named(
        self, client: Client, acme: Tenant, slug: str, message: str
    ) -> None:
        response = client.post(self.PATH, {"slug": slug})
        assert response.status_code == 422
        assert message in words(response)
        assert read(response.content).check() == []
        acme.refresh_from_db()
        assert acme.slug == "acme"

    @pytest.mark.parametrize(
        ("slug", "message"),
        [
            ("", ""),
            ("noir", "noir.localhost is free."),
            ("GLOBEX", "globex.localhost is taken. Try another."),
            ("acme-works", "acme-works.localhost is the present address."),
            ("acme", "acme.localhost is free."),
            ("admin", "This address is reserved."),
        ],
    )
    def test_the_hint(
        self, sign_in: SignIn, alice: Person, acme: Tenant, slug: str, message: str
    ) -> None:
        """acme is the old address of the workspace that asks."""
        moved = tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
        response = sign_in(alice, moved).get(f"{self.PATH}slug/", {"slug": slug})
        assert response.status_code == 200
        assert message in words(response)


def test_members_see_and_change_nothing(
    sign_in: SignIn, bob: Person, acme: Tenant, make_domain: MakeDomain, zone: Zone
) -> None:
    domain = make_domain(acme, NAME)
    zone.prove(domain)
    client = sign_in(bob, acme)
    for path in ("", "change/", "change/slug/", f"{domain.id}/", f"{domain.id}/remove/"):
        assert client.get(f"{LIST}{path}").status_code == 403, path
    for path, data in (
        ("", {"domain": "mine.test"}),
        ("change/", {"slug": "mine"}),
        (f"{domain.id}/check/", {}),
        (f"{domain.id}/primary/", {}),
        (f"{domain.id}/remove/", {"confirmation": NAME}),
    ):
        assert client.post(f"{LIST}{path}", data).status_code == 403, path
    acme.refresh_from_db()
    domain.refresh_from_db()
    assert (acme.slug, domain.verified_at, zone.asked) == ("acme", None, [])
    assert Domain.objects.filter(tenant=acme).count() == 2


def test_who_may_only_look_is_offered_nothing(
    sign_in: SignIn, bob: Person, acme: Tenant, make_domain: MakeDomain
) -> None:
    from tests.tenants.api.test_domains import give

    give(bob, acme, "tenants.view_settings")
    domain = make_domain(acme, NAME, verified=True)
    client = sign_in(bob, acme)
    for path in (LIST, url(domain)):
        response = client.get(path)
        assert response.status_code == 200
        assert read(response.content).check() == []
        for offer in ("Change address", "Add domain", "Check now", "Make primary", "Remove"):
            assert offer not in words(response), (path, offer)
    assert client.post(LIST, {"domain": "mine.test"}).status_code == 403
    assert client.get(f"{LIST}change/").status_code == 403


def test_another_tenants_domain_is_not_found(
    client: Client, globex: Tenant, make_domain: MakeDomain
) -> None:
    foreign = make_domain(globex, "work.globex.test", verified=True)
    for domain_id in (foreign.id, MISSING):
        for tail in ("", "remove/"):
            assert client.get(f"{LIST}{domain_id}/{tail}").status_code == 404
        for tail, data in (
            ("check/", {}),
            ("primary/", {}),
            ("remove/", {"confirmation": foreign.domain}),
        ):
            assert client.post(f"{LIST}{domain_id}/{tail}", data).status_code == 404
    foreign.refresh_from_db()
    globex.refresh_from_db()
    assert (foreign.checked_at, globex.primary_host) == (None, "")


def test_the_theme_of_an_own_domain_is_that_hosts(
    sign_in: SignIn, alice: Person, acme: Tenant, make_domain: MakeDomain, settings
) -> None:
    """A cookie for the base domain would be refused by the browser there."""
    make_domain(acme, NAME, verified=True)
    settings.BASE_DOMAIN = "wrapper.example"
    settings.PUBLIC_HOSTS = ["wrapper.example"]
    for http_host, domain in ((NAME, ""), ("wrapper.example", "wrapper.example")):
        response = Client(HTTP_HOST=http_host).post("/theme/", {"theme": "dark"})
        assert response.cookies["theme"]["domain"] == domain


def test_the_palette_finds_it(client: Client, sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    results = {r["label"]: r["url"] for r in client.get("/palette.json").json()["results"]}
    assert results["Addresses and domains"] == LIST
    assert results["Change the address"] == f"{LIST}change/"
    results = {r["label"] for r in sign_in(bob, acme).get("/palette.json").json()["results"]}
    assert not results & {"Addresses and domains", "Change the address"}
