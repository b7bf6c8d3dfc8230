"""npm's oidc-provider, for `make interop`: a certified implementation in the place of the sandbox."""

import hashlib
import json
import os
import secrets
import socket
import subprocess
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from apps.sandbox.oidc import state
from tests.accounts.oidc.provider import query_of, with_query
from tests.accounts.support import PUBLIC

# Set by `make interop`.
IS_ON = bool(os.environ.get("OIDC_INTEROP"))
FOLDER = Path(__file__).parents[2] / "interop"
CALLBACK = f"http://{PUBLIC}/oidc/callback/"

# What asks nothing of a provider but to be one; the other tests tell the sandbox to misbehave.
interop = pytest.mark.interop


class OidcProvider:
    """As tests.accounts.oidc.provider.Sandbox, as far as interop tests use it."""

    def __init__(self, port: int, client: dict[str, Any], logout_tokens: list[str]) -> None:
        self.base = f"http://localhost:{port}"
        self.discovery_url = f"{self.base}/.well-known/openid-configuration"
        self.authorization_endpoint = f"{self.base}/auth"
        self.end_session_endpoint = f"{self.base}/session/end"
        self.client_id = str(client["client_id"])
        self.secret = str(client["client_secret"])
        self.logout_tokens = logout_tokens
        self.browser = requests.Session()

    def answer(self, url: str, sub: str, misbehave: str = "", **changes: str) -> str:
        """Sign in there as somebody, in a new browser; where it is sent then."""
        assert not misbehave, "a certified provider does not"
        self.browser = requests.Session()
        asked = self._get(with_query(url, **changes))
        there = self.base + str(urlsplit(asked.headers["Location"]).path)
        found = self.browser.post(there, data={"sub": sub}, allow_redirects=False, timeout=10)
        while not found.headers["Location"].startswith(f"http://{PUBLIC}/"):
            found = self._get(found.headers["Location"])
        return str(found.headers["Location"])

    def access_token(self, sub: str, audience: str) -> str:
        """For the API, as a client of its own would get it (RFC 8707)."""
        verifier = secrets.token_urlsafe(48)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid email profile",
            "resource": audience,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        url = f"{self.authorization_endpoint}?{urlencode(query)}"
        code = query_of(self.answer(url, sub))["code"][0]
        answer = requests.post(
            f"{self.base}/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": verifier,
                "resource": audience,
            },
            auth=(self.client_id, self.secret),
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def sign_out(self, url: str) -> str:
        """Confirm there; where the browser is sent then. The logout tokens have come by then."""
        page = self._get(url).text
        xsrf = page.partition('name="xsrf" value="')[2].partition('"')[0]
        found = self.browser.post(
            f"{self.base}/session/end/confirm",
            data={"xsrf": xsrf, "logout": "yes"},
            allow_redirects=False,
            timeout=10,
        )
        return str(found.headers["Location"])

    def _get(self, url: str) -> requests.Response:
        return self.browser.get(url, allow_redirects=False, timeout=10)


@contextmanager
def running(audience: str) -> Iterator[OidcProvider]:
    """The provider on a free port, and somebody who takes its logout tokens."""
    tokens: list[str] = []
    with _receiver(tokens) as logout_uri:
        port = _free_port()
        client = {
            "client_id": "wrapper-kinde",
            "client_secret": state.CLIENT_SECRET,
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [f"http://{PUBLIC}/oidc/signed-out/"],
            "backchannel_logout_uri": logout_uri,
            "backchannel_logout_session_required": True,
        }
        people = {
            person.sub: {
                "email": person.email,
                "email_verified": person.email_verified,
                "name": person.name,
                "org_code": person.org_code,
            }
            for person in state.PEOPLE["kinde"][1]
        }
        given = {"port": port, "client": client, "audience": audience, "people": people}
        process = subprocess.Popen(
            ["node", "provider.mjs"],
            cwd=FOLDER,
            env={**os.environ, "PROVIDER": json.dumps(given), "NODE_NO_WARNINGS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert any("READY" in line for line in process.stdout), "it did not start"
            yield OidcProvider(port, client, tokens)
        finally:
            process.terminate()
            process.communicate(timeout=10)


@contextmanager
def _receiver(tokens: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens.append(parse_qs(sent)["logout_token"][0])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
