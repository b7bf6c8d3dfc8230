"""Stripe's own library against the stand-in, over real HTTP.

Each test has an account of its own, which is committed and deleted afterwards: no table is emptied for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
import stripe

from apps.sandbox.stripe import accounts
from apps.sandbox.stripe.models import StripeAccount
from tests.accounts.oidc.provider import serving

# A time that the tests know: 2026-01-31 12:00:00 UTC.
BEGIN = 1_769_860_800


@dataclass
class Sandbox:
    """An account of its own, whose time stands still until a test lets it pass."""

    url: str
    account: StripeAccount
    _https: list[stripe.RequestsClient] = field(default_factory=list)

    def close(self) -> None:
        """The server's threads, and their connections to the database, end with those of the clients."""
        for http in self._https:
            http.close()

    def client(self, **options: Any) -> stripe.StripeClient:
        self._https.append(stripe.RequestsClient())
        return stripe.StripeClient(
            options.pop("api_key", self.account.secret_key),
            base_addresses={"api": f"{self.url}/sandbox/stripe"},
            http_client=self._https[-1],
            max_network_retries=options.pop("max_network_retries", 0),
            **options,
        )

    def control(self, action: str, **given: Any) -> dict[str, Any]:
        answer = requests.post(
            f"{self.url}/sandbox/stripe/control/{action}/",
            json=given,
            headers={"Authorization": f"Bearer {self.account.secret_key}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """Without the library."""
        headers = {"Authorization": f"Bearer {self.account.secret_key}"}
        return requests.request(
            method,
            f"{self.url}/sandbox/stripe{path}",
            headers=headers | options.pop("headers", {}),
            timeout=30,
            **options,
        )


@pytest.fixture(scope="session")
def stripe_port(django_db_setup: None) -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Here, without a transaction around the test: the server's threads are to see what it does."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def sandbox(stripe_port: int, db: None) -> Iterator[Sandbox]:
    account = accounts.account_create("Tests")
    StripeAccount.objects.filter(id=account.id).update(frozen_at=BEGIN)
    account.refresh_from_db()
    made = Sandbox(f"http://localhost:{stripe_port}", account)
    yield made
    made.close()
    StripeAccount.objects.all().delete()


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return sandbox.client()


@dataclass
class Receiver:
    """A webhook endpoint. answers: statuses of the next requests; 200 when there are none."""

    url: str
    got: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.got.append((body, self.headers["Stripe-Signature"]))
            self.send_response(received.answers.pop(0) if received.answers else 200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook/")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join(10)
