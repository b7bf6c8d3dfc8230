"""The page of a person's sign-ins, in browsers and by API."""

import uuid
from typing import Any

import pytest
from django.test import Client

from apps.accounts.devices import device_name
from apps.accounts.models import BrowserSession, Person, TokenSession
from apps.accounts.token_sessions import token_session_start
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import statements

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def client(sign_in: SignIn, alice: Person) -> Client:
    return sign_in(alice)


def started(
    person: Person, user_agent: str = "curl/8.5.0", tenant: Tenant | None = None
) -> TokenSession:
    return token_session_start(
        person=person,
        tenant_id=tenant.id if tenant else None,
        user_agent=user_agent,
        ip="192.0.2.7",
    ).session


PATH = "/account/sessions/"


def revoke_path(session: BrowserSession | TokenSession) -> str:
    return f"{PATH}{session.id}/revoke/"


def page_of(client: Client) -> str:
    response = client.get(PATH)
    assert response.status_code == 200
    assert read(response.content).check() == []
    return response.content.decode()


def test_alone(client) -> None:
    page = page_of(client)
    assert "This browser" in page
    assert "A sign-in appears here when" in page
    assert "Sign out everywhere else" not in page
    assert "/revoke/" not in page


def test_own_sign_ins_are_listed(
    client, alice: Person, bob: Person, acme: Tenant, sign_in: SignIn
) -> None:
    started(alice, tenant=acme)
    started(alice, FIREFOX)
    started(bob, "bob-client/1")
    sign_in(alice)
    page = page_of(client)
    for text in ("curl/8.5.0", "192.0.2.7", "Only for Acme", "Firefox on Linux"):
        assert text in page
    assert page.count("/revoke/") == 3
    assert "bob-client" not in page


def test_workspaces_are_shown_below_the_browser_that_opened_them(
    client, alice: Person, acme: Tenant
) -> None:
    public = BrowserSession.objects.get(person=alice)
    workspace = BrowserSession.objects.create(
        person=alice,
        parent=public,
        tenant=acme,
        host="acme.localhost",
        key_hash="x",
        expires_at=public.expires_at,
    )
    page = page_of(client)
    assert "acme.localhost" in page
    assert revoke_path(workspace) in page
    assert page.count("/revoke/") == 1


def test_what_clients_call_themselves_is_escaped(client, alice: Person) -> None:
    started(alice, '"><script>alert(1)</script>')
    assert "<script>alert" not in page_of(client)


def test_many_are_cut_and_cost_no_more(client, alice: Person) -> None:
    for number in range(101):
        started(alice, f"client-{number}/1")
    assert len(statements(client, PATH)) <= 2
    page = page_of(client)
    assert page.count('/revoke/"') == 100
    assert "client-100/1" in page
    assert "client-0/1" not in page
    assert "The latest 100 are shown." in page


def test_revoke(client, alice: Person) -> None:
    session = started(alice)
    for _again in range(2):
        response = client.post(revoke_path(session), follow=True)
        assert "curl/8.5.0 is signed out." in response.content.decode()
    session.refresh_from_db()
    assert session.revoked_at is not None
    assert revoke_path(session) not in page_of(client)


def test_another_browser_is_signed_out_on_its_next_request(
    client, alice: Person, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    other = sign_in(alice)
    session = BrowserSession.objects.filter(person=alice).latest("id")
    assert other.get("/profile/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post(revoke_path(session))
    assert other.get("/profile/").status_code == 302
    assert client.get("/profile/").status_code == 200


def test_ending_this_one_leads_to_sign_in(client, alice: Person) -> None:
    response = client.post(revoke_path(BrowserSession.objects.get(person=alice)))
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert client.get("/profile/").status_code == 302


def test_revoke_others(
    client, alice: Person, bob: Person, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    mine, bobs, other = started(alice), started(bob), sign_in(alice)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{PATH}revoke-others/", follow=True)
    assert "You are signed out everywhere else." in response.content.decode()
    assert other.get("/profile/").status_code == 302
    for session in (mine, bobs):
        session.refresh_from_db()
    assert (mine.revoked_reason, bobs.revoked_at) == ("signed_out_elsewhere", None)
    again = client.post(f"{PATH}revoke-others/", follow=True)
    assert "You are signed in nowhere else." in again.content.decode()


def test_only_ones_own(client, bob: Person, sign_in: SignIn, staff: Person) -> None:
    by_api = started(bob)
    sign_in(bob)
    for session in (by_api, BrowserSession.objects.get(person=bob)):
        assert client.post(revoke_path(session)).status_code == 404
        assert sign_in(staff).post(revoke_path(session)).status_code == 404
        session.refresh_from_db()
        assert session.revoked_at is None
    assert client.post(f"{PATH}{uuid.uuid4()}/revoke/").status_code == 404


def test_the_csrf_token_is_needed(client, alice: Person) -> None:
    session = started(alice)
    client.handler.enforce_csrf_checks = True
    for path in (revoke_path(session), f"{PATH}revoke-others/"):
        assert client.post(path).status_code == 403
    session.refresh_from_db()
    assert session.revoked_at is None


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("", "A client without a name"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("okhttp/4.12.0 extra", "okhttp/4.12.0"),
        ("x" * 300, "x" * 60),
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
    ],
)
def test_names_of_devices(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
