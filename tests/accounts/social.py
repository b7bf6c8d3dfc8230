"""A browser that walks to the sandbox's Google and GitHub and back; their servers, over real HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google import views as google_views
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.core.wsgi import get_wsgi_application
from django.test import Client

from apps.sandbox.social import PEOPLE
from config.settings.social import social_providers

DANA, ALICE, ERIN = PEOPLE
PROVIDERS = ("google", "github")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of a server for a WSGI application."""
    server = make_server("localhost", 0, app, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where allauth asks: it takes the addresses from the settings once, when it is imported."""
    google, github = f"{url}/sandbox/google", f"{url}/sandbox/github"
    monkeypatch.setattr(GoogleOAuth2Adapter, "authorize_url", f"{google}/o/oauth2/v2/auth")
    monkeypatch.setattr(GoogleOAuth2Adapter, "access_token_url", f"{google}/token")
    monkeypatch.setattr(GoogleOAuth2Adapter, "identity_url", f"{google}/oauth2/v2/userinfo")
    monkeypatch.setattr(google_views, "ID_TOKEN_ISSUER", google)
    monkeypatch.setattr(GitHubOAuth2Adapter, "authorize_url", f"{github}/login/oauth/authorize")
    monkeypatch.setattr(
        GitHubOAuth2Adapter, "access_token_url", f"{github}/login/oauth/access_token"
    )
    monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{github}/api/v3/user")
    monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{github}/api/v3/user/emails")


@pytest.fixture
def providers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both are set up, and the sandbox's answer."""
    with serving(get_wsgi_application()) as url:
        settings.SOCIALACCOUNT_PROVIDERS = social_providers(
            google=("client-1", "secret-1"),
            github=("client-2", "secret-2"),
            google_url=f"{url}/sandbox/google",
            github_url=f"{url}/sandbox/github",
        )
        point_at(url, monkeypatch)
        yield url


def consent(client: Client, location: str, uid: str) -> str:
    """Choose somebody on the provider's page, or nobody; the address that it leads back to."""
    path = location.partition("localhost")[2].partition("/")[2]
    page = client.get(f"/{path}")
    assert page.status_code == 200, page.content
    back = client.post(f"/{path}", {"uid": uid})
    assert back.status_code == 302
    parts = urlsplit(back["Location"])
    assert parts.netloc == "localhost:8000"
    return f"{parts.path}?{parts.query}"


def begin(client: Client, provider: str, **form: str) -> str:
    response = client.post(f"/accounts/social/{provider}/", form)
    assert response.status_code == 302
    return str(response["Location"])


def walk(client: Client, provider: str, uid: str, **form: str) -> Any:
    """The whole way by the button of a provider; what the last request is answered."""
    return client.get(consent(client, begin(client, provider, **form), uid))


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
