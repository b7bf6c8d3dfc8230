"""The sandbox's providers, over real HTTP, and a browser that goes between them and the platform."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import HttpResponse
from django.test import Client

from apps.sandbox.oidc import state
from tests.accounts.support import PUBLIC


class _Quiet(WSGIRequestHandler):
    # Head and body of an answer are two packets, the second of which Nagle's algorithm holds for 40 ms.
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[int]:
    """The sandbox's pages on a free port of localhost."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.daemon_threads = True
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    port = server.server_address[1]
    # The first request loads what the others need, which takes longer than a provider may.
    requests.get(f"http://localhost:{port}/sandbox/oidc/kinde/jwks/", timeout=60)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class Sandbox:
    """One issuer of the sandbox's."""

    def __init__(self, port: int, slug: str) -> None:
        self.slug = slug
        self.base = f"http://localhost:{port}/sandbox/oidc/{slug}"
        self.discovery_url = f"{self.base}/.well-known/openid-configuration"
        self.authorization_endpoint = f"{self.base}/authorize/"
        self.end_session_endpoint = f"{self.base}/end-session/"
        self.client_id = f"wrapper-{slug}"

    @property
    def issuer(self) -> state.Issuer:
        found = state.issuer(self.slug)
        assert found is not None
        return found

    def misbehave(self, *names: str) -> None:
        state.change(self.slug, misbehave=list(names))

    def answer(self, url: str, sub: str, misbehave: str = "", **changes: str) -> str:
        """Choose a person on the provider's page; where the browser is sent then (path and query)."""
        parts = urlsplit(url)
        assert url.startswith(self.base), url
        asked = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
        response = requests.post(
            f"{self.base}/authorize/",
            data={**asked, "sub": sub, "misbehave": misbehave},
            allow_redirects=False,
            timeout=10,
        )
        assert response.status_code == 302, response.text[:500]
        return response.headers["Location"]


def onward(response: HttpResponse) -> str:
    """Where a page sends the browser, by redirect or by the Refresh header."""
    if "Refresh" in response.headers:
        return str(response["Refresh"]).partition("url=")[2]
    assert response.status_code in (302, 303), response.content[:500]
    return str(response["Location"])


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Browser:
    """Cookies for each host, as browsers keep them."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}

    def on(self, netloc: str = PUBLIC) -> Client:
        return self.clients.setdefault(netloc, Client(HTTP_HOST=netloc))

    def get(self, url: str, **extra: Any) -> Any:
        parts = urlsplit(url)
        return self.on(parts.netloc or PUBLIC).get(path_of(url), **extra)

    def begin(self, path: str = "/oidc/start/") -> str:
        """The provider's address that the platform sends the browser to."""
        return onward(self.get(path))

    def sign_in(
        self, sandbox: Sandbox, sub: str, misbehave: str = "", path: str = "/oidc/start/"
    ) -> Any:
        """The whole way; the platform's answer to the callback."""
        return self.get(sandbox.answer(self.begin(path), sub, misbehave))

    def email(self, netloc: str = PUBLIC) -> str:
        """Who is signed in on a host; empty for nobody."""
        user_id = self.on(netloc).session.get("_auth_user_id")
        return str(user_id or "")


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def with_query(url: str, **changes: str | None) -> str:
    """The address with other values; None takes one out."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()
