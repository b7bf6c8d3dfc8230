"""Every cookie that we set is of one host, out of reach of scripts; in production its name says so."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpResponse
from django.test import Client, RequestFactory

from apps.accounts.models import Person
from apps.common.cookies import MessageStorage
from apps.tenants.models import Tenant
from tests.accounts.support import PASSWORD, PUBLIC, force_sign_in, host

# It says `light` or `dark`, and all our hosts share it: __Host- rules that out.
SHARED = {"__Secure-theme"}


@pytest.fixture
def production(settings: Any) -> None:
    """As in config/settings/production.py."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-session"
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    settings.BASE_DOMAIN = "platform.test"
    settings.PUBLIC_HOSTS = ["platform.test", "localhost"]


def secure(client: Client) -> Client:
    client.defaults["wsgi.url_scheme"] = "https"
    return client


def check(client: Client) -> set[str]:
    for name, cookie in client.cookies.items():
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert cookie["path"] == "/", name
        assert name in SHARED or (name.startswith("__Host-") and not cookie["domain"]), name
    return set(client.cookies)


@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_signing_in_and_going_around(alice: Person, acme: Tenant) -> None:
    client = secure(Client(HTTP_HOST=PUBLIC))
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/theme/", {"theme": "dark"})
    client.get("/setup/acme/workspace.plan/")
    assert check(client) >= {"__Host-session", "__Host-csrf", "__Host-device"}

    there = secure(Client(HTTP_HOST=host(acme)))
    there.get("/sign-in/")
    force_sign_in(there, alice, acme)
    there.cookies.pop("__Host-session")  # as the test client makes it, not as we do
    there.get("/onboarding/go/workspace.plan/")
    there.post("/theme/", {"theme": "dark"})
    assert check(there) >= {"__Host-sign-in", "__Secure-theme"}


@pytest.mark.usefixtures("production")
def test_messages() -> None:
    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    storage = MessageStorage(request)
    storage.add(messages.INFO, "Saved.")
    response = HttpResponse()
    storage.update(response)
    assert list(response.cookies) == ["__Host-messages"]
    cookie = response.cookies["__Host-messages"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    request.COOKIES["__Host-messages"] = cookie.value
    again = MessageStorage(request)
    assert [str(message) for message in again] == ["Saved."]


def test_no_cookie_is_set_past_the_helper() -> None:
    """Whoever calls set_cookie has to think of five things; cookie_set does."""
    call = re.compile(r"response\.set_(signed_)?cookie\(|\.cookies\[")
    found = [
        path.relative_to(django_settings.BASE_DIR).as_posix()
        for path in Path(django_settings.BASE_DIR, "apps").rglob("*.py")
        if call.search(path.read_text())
    ]
    assert [path for path in found if not path.startswith("apps/sandbox/")] == [
        "apps/common/cookies.py"
    ]


def test_production_names_its_cookies() -> None:
    text = Path(django_settings.BASE_DIR, "config/settings/production.py").read_text()
    assert 'SESSION_COOKIE_NAME = "__Host-session"' in text
    assert 'CSRF_COOKIE_NAME = "__Host-csrf"' in text
