"""The profile's list of sign-ins by API."""

import uuid

import pytest
from django.test import Client

from apps.accounts.models import Person, TokenSession
from apps.accounts.token_sessions import token_session_start
from apps.portal.devices import device_name
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET, statements

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


def revoke_path(session: TokenSession) -> str:
    return f"/profile/sign-ins/{session.id}/revoke/"


def test_without_any_the_profile_says_what_would_be_there(client) -> None:
    response = client.get("/profile/")
    assert "A sign-in appears here when" in response.content.decode()
    assert read(response.content).check() == []


def test_own_sign_ins_are_listed(client, alice: Person, bob: Person, acme: Tenant) -> None:
    started(alice, tenant=acme)
    started(alice, FIREFOX)
    started(bob, "bob-client/1")
    response = client.get("/profile/")
    page = response.content.decode()
    assert read(response.content).check() == []
    assert "curl/8.5.0" in page
    assert "192.0.2.7" in page
    assert "Only for Acme" in page
    assert "Firefox on Linux" in page
    assert "bob-client" not in page


def test_what_clients_call_themselves_is_escaped(client, alice: Person) -> None:
    started(alice, '"><script>alert(1)</script>')
    response = client.get("/profile/")
    assert b"<script>alert" not in response.content
    assert read(response.content).check() == []


def test_many_are_cut_and_cost_no_more(client, alice: Person) -> None:
    for number in range(22):
        started(alice, f"client-{number}/1")
    assert len(statements(client, "/profile/")) <= BUDGET
    page = client.get("/profile/").content.decode()
    assert page.count("/revoke/") == 20
    assert "client-21/1" in page
    assert "client-0/1" not in page
    assert "The 20 used last are shown." in page


def test_revoke(client, alice: Person) -> None:
    session = started(alice)
    for _again in range(2):
        response = client.post(revoke_path(session), follow=True)
        assert "curl/8.5.0 is signed out." in response.content.decode()
    session.refresh_from_db()
    assert session.revoked_at is not None
    assert revoke_path(session) not in client.get("/profile/").content.decode()


def test_only_ones_own(client, bob: Person, sign_in: SignIn, staff: Person) -> None:
    session = started(bob)
    assert client.post(revoke_path(session)).status_code == 404
    assert sign_in(staff).post(revoke_path(session)).status_code == 404
    assert client.post(f"/profile/sign-ins/{uuid.uuid4()}/revoke/").status_code == 404
    session.refresh_from_db()
    assert session.revoked_at is None


def test_the_csrf_token_is_needed(client, alice: Person) -> None:
    session = started(alice)
    client.handler.enforce_csrf_checks = True
    assert client.post(revoke_path(session)).status_code == 403
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
