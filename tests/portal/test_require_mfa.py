"""A workspace that requires a second factor lets nobody in without: by page, by API, on the next request."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from apps.accounts.models import Person, SignInPolicy
from apps.tenants.models import Domain, Tenant
from tests.accounts.factors import SECRET, code, give_passkey, give_totp
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.accounts.support import sign_in as by_page
from tests.api.client import api, bearer, statements
from tests.portal.conftest import SignIn

__all__ = ["api", "bearer"]
pytestmark = pytest.mark.django_db


class Browser:
    """Cookies per host; follows redirects across hosts until a page answers."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.seen: list[str] = []

    def on(self, netloc: str) -> Client:
        return self.clients.setdefault(netloc, Client(HTTP_HOST=netloc))

    def go(self, url: str) -> Any:
        for _ in range(12):
            parts = urlsplit(url)
            self.seen.append(f"{parts.netloc}{parts.path}")
            response = self.on(parts.netloc).get(f"{parts.path}?{parts.query}")
            if response.status_code not in (301, 302, 303):
                return response
            where = response["Location"]
            url = where if where.startswith("http") else f"http://{parts.netloc}{where}"
        raise AssertionError(f"no end of redirects: {self.seen}")


@pytest.fixture
def required(acme: Tenant) -> Tenant:
    SignInPolicy.objects.create(tenant=acme, require_mfa=True)
    return acme


@pytest.fixture
def visitor() -> Browser:
    return Browser()


def test_without_a_factor_one_is_led_to_set_it_up_and_on(
    visitor: Browser, required: Tenant, bob: Person
) -> None:
    by_page(visitor.on(PUBLIC), bob)
    page = visitor.go(f"http://{host(required)}/members/?q=bob")
    assert visitor.seen[-1] == f"{PUBLIC}/account/security/required/"
    assert "One more step" in page.content.decode()
    public = visitor.on(PUBLIC)
    setup = public.get("/account/security/app/")
    secret = setup.context["secret"].replace(" ", "")
    response = public.post("/account/security/app/", {"code": code(secret)})
    assert response["Location"] == "/account/security/recovery-codes/?new=1"
    following = public.get(response["Location"]).context["following"]
    assert following == "/open/acme/?next=%2Fmembers%2F%3Fq%3Dbob"
    page = visitor.go(f"http://{PUBLIC}{following}")
    assert (page.status_code, visitor.seen[-1]) == (200, f"{host(required)}/members/")
    assert visitor.on(host(required)).session["sign_in_methods"] == ["password", "totp"]


@pytest.mark.parametrize("factor", ["totp", "webauthn"])
def test_with_a_factor_one_is_asked_for_it(
    visitor: Browser, required: Tenant, bob: Person, factor: str
) -> None:
    """A session from before they had it, or in another browser."""
    by_page(visitor.on(PUBLIC), bob)
    give_totp(bob) if factor == "totp" else give_passkey(bob)
    visitor.go(f"http://{host(required)}/")
    page = "code" if factor == "totp" else "passkey"
    assert visitor.seen[-1] == f"{PUBLIC}/accounts/reauthenticate/{page}/"
    if factor == "totp":
        response = visitor.on(PUBLIC).post(
            "/accounts/reauthenticate/code/",
            {"code": code(SECRET), "next": "/open/acme/?next=%2F"},
        )
        page = visitor.go(f"http://{PUBLIC}{response['Location']}")
        assert (page.status_code, visitor.seen[-1]) == (200, f"{host(required)}/")


def test_it_counts_on_the_next_request(sign_in: SignIn, world: Any) -> None:
    bob, alice = sign_in(world.bob, world.acme), sign_in(world.alice, world.acme)
    force_sign_in(alice, world.alice, world.acme, methods=("password", "totp"))
    assert bob.get("/").status_code == 200
    alice.post("/settings/sign-in/second-factor/", {"require": "yes"})
    refused = bob.get("/members/?q=a")
    assert (refused.status_code, refused["Location"]) == (
        302,
        "/sign-in/?next=%2Fmembers%2F%3Fq%3Da",
    )
    onward = bob.get(refused["Location"])
    assert urlsplit(onward["Location"]).path == "/open/acme/"
    assert bob.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/sign-in/?next=%2F"
    assert alice.get("/").status_code == 200
    page = alice.get("/settings/sign-in/").content.decode()
    assert "Make it optional" in page
    alice.post("/settings/sign-in/second-factor/", {"require": "no"})
    assert bob.get("/").status_code == 200


def test_a_form_changes_nothing(sign_in: SignIn, required: Tenant, alice: Person) -> None:
    client = sign_in(alice, required)
    response = client.post(
        "/settings/",
        {"name": "Other"},
        headers={"Referer": f"http://{host(required)}/settings/?a=1"},
    )
    assert response["Location"] == "/sign-in/?next=%2Fsettings%2F%3Fa%3D1"
    required.refresh_from_db()
    assert required.name == "Acme"


def test_other_workspaces_are_not_concerned(
    sign_in: SignIn, required: Tenant, charlie: Person, globex: Tenant
) -> None:
    assert sign_in(charlie, globex).get("/").status_code == 200


def test_a_domain_of_its_own_comes_back_to_it(
    visitor: Browser, required: Tenant, bob: Person
) -> None:
    Domain.objects.create(
        tenant=required, domain="work.acme.test", verified_at="2026-01-01T00:00:00Z", token="x"
    )
    by_page(visitor.on(PUBLIC), bob)
    visitor.go("http://work.acme.test:8000/members/")
    assert visitor.seen[-1] == f"{PUBLIC}/account/security/required/"
    following = visitor.on(PUBLIC).session["after_second_factor"]
    query = parse_qs(urlsplit(following).query)
    assert query == {"next": ["/members/"], "host": ["work.acme.test"]}


class TestApi:
    def test_by_token(self, bearer: Any, required: Tenant, bob: Person) -> None:
        refused = bearer(bob).get("members/")
        assert (refused.status_code, refused.json()["code"]) == (403, "mfa_required")
        assert "http://localhost:8000/account/security/" in refused.json()["detail"]
        for way in (
            bearer(bob, None, **{"X-Tenant": "acme"}),
            bearer(bob, None, bound=required),
        ):
            assert way.get("members/").status_code == 403
            assert way.post("invitations/", {}).status_code == 403
        for factor in ("totp", "recovery_code", "webauthn"):
            assert bearer(bob, methods=("password", factor)).get("members/").status_code == 200

    def test_a_remembered_sign_in_is_asked_again(
        self, bearer: Any, api: Any, acme: Tenant, alice: Person, bob: Person
    ) -> None:
        """The actor is remembered with the policy; a change of it, or of the proof, is seen at once."""
        client = bearer(bob)
        for _ in range(2):
            assert client.get("members/").status_code == 200
        admin = api(None)
        force_sign_in(admin.client, alice, acme, methods=("password", "totp"))
        assert admin.patch("tenant/sign-in-policy/", {"require_mfa": True}).status_code == 200
        assert client.get("members/").status_code == 403
        give_totp(bob)
        assert client.post("auth/reauthenticate/", {"mfa_code": code()}).status_code == 204
        assert client.get("members/").status_code == 200
        admin.patch("tenant/sign-in-policy/", {"require_mfa": False})
        assert bearer(bob).get("members/").status_code == 200

    def test_by_session(self, api: Any, required: Tenant, bob: Person) -> None:
        client = api(bob)
        assert client.get("members/").json()["code"] == "mfa_required"
        force_sign_in(client.client, bob, required, methods=("webauthn",))
        assert client.get("members/").status_code == 200

    def test_what_is_not_the_tenant_s_is_open(
        self, bearer: Any, required: Tenant, bob: Person
    ) -> None:
        client = bearer(bob)
        assert client.get("me/").status_code == 200
        assert client.get("auth/mfa/").status_code == 200

    def test_a_stranger_learns_nothing(
        self, bearer: Any, required: Tenant, charlie: Person
    ) -> None:
        assert bearer(charlie).get("members/").status_code == 404

    def test_costs_no_statement(self, bearer: Any, acme: Tenant, bob: Person) -> None:
        client = bearer(bob, methods=("password", "totp"))
        with statements(3):
            client.get("permissions/")
        SignInPolicy.objects.create(tenant=acme, require_mfa=True)
        with statements(3):
            assert client.get("permissions/").status_code == 200


class TestStepUp:
    def test_of_the_policy(self, visitor: Browser, acme: Tenant, alice: Person) -> None:
        client = visitor.on(host(acme))
        force_sign_in(client, alice, acme, methods=("password", "totp"), ago_s=1000)
        page = {"Referer": f"http://{host(acme)}/settings/sign-in/"}
        response = client.post("/settings/sign-in/second-factor/", {"require": "yes"}, headers=page)
        assert response["Location"] == "/sign-in/?next=%2Fsettings%2Fsign-in%2F&fresh=1"
        assert not SignInPolicy.objects.filter(require_mfa=True).exists()
        # On the public host their proof is as old: they confirm, and come back by a new ticket.
        public = visitor.on(PUBLIC)
        force_sign_in(public, alice, None, methods=("password", "totp"), ago_s=1000)
        visitor.go(f"http://{host(acme)}{response['Location']}")
        assert visitor.seen[-1] == f"{PUBLIC}/accounts/reauthenticate/"
        response = public.post(
            "/accounts/reauthenticate/",
            {
                "password": "wrapper-demo",
                "next": "/open/acme/?next=%2Fsettings%2Fsign-in%2F&fresh=1",
            },
        )
        visitor.go(f"http://{PUBLIC}{response['Location']}")
        assert visitor.seen[-1] == f"{host(acme)}/settings/sign-in/"
        client.post("/settings/sign-in/second-factor/", {"require": "yes"})
        assert SignInPolicy.objects.filter(require_mfa=True).exists()

    def test_of_the_address(self, sign_in: SignIn, acme: Tenant, alice: Person) -> None:
        client = sign_in(alice, acme)
        force_sign_in(client, alice, acme, ago_s=700)
        page = "/settings/addresses/change/"
        assert client.get(page)["Location"] == (
            "/sign-in/?next=%2Fsettings%2Faddresses%2Fchange%2F&fresh=1"
        )
        # A form that was opened in time may still be sent.
        assert client.post(page, {"slug": "acme"}).status_code == 302
        force_sign_in(client, alice, acme, ago_s=901)
        response = client.post(page, {"slug": "zenith"})
        assert response["Location"] == "/sign-in/?next=%2F&fresh=1"
        acme.refresh_from_db()
        assert acme.slug == "acme"

    def test_of_owners(self, api: Any, world: Any) -> None:
        client = api(None)
        force_sign_in(client.client, world.alice, world.acme, ago_s=901)
        roles = {row["code"]: row["id"] for row in client.get("roles/").json()["results"]}
        people = {row["email"]: row for row in client.get("members/").json()["results"]}
        root = client.get("organizations/").json()["results"][0]["id"]
        body = {"member_id": people["bob@acme.test"]["id"], "organization_id": root}
        refused = client.post("role-bindings/", {**body, "role_id": roles["owner"]})
        assert refused.json()["code"] == "reauthentication_required"
        invite = {"email": "eve@acme.test", "organization_id": root}
        refused = client.post("invitations/", {**invite, "role_ids": [roles["owner"]]})
        assert refused.json()["code"] == "reauthentication_required"
        assert client.post("role-bindings/", {**body, "role_id": roles["admin"]}).status_code == 201
        force_sign_in(client.client, world.alice, world.acme)
        assert client.post("role-bindings/", {**body, "role_id": roles["owner"]}).status_code == 201

    @pytest.mark.parametrize("following", ["//evil.test", "https://evil.test/", "/\\evil.test"])
    def test_leads_nowhere_else(
        self, sign_in: SignIn, acme: Tenant, alice: Person, following: str
    ) -> None:
        client = sign_in(alice, acme)
        response = client.get("/sign-in/", {"next": following, "fresh": "1"})
        assert response["Location"] == "/"
        public = sign_in(alice)
        response = public.get("/account/security/required/", {"next": following})
        assert public.session["after_second_factor"] == "/workspaces/"
