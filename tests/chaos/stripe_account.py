"""An account at the sandbox's Stripe, served over HTTP, that sells what the catalogue has."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from apps.billing import gateway
from apps.billing.endpoints import stripe_endpoint_set
from apps.billing.services import catalogue_sync
from apps.sandbox.stripe import accounts
from apps.sandbox.stripe.models import StripeAccount
from tests.conftest import SYSTEM


class _Quiet(WSGIRequestHandler):
    # Head and body of an answer are two packets, the second of which Nagle's algorithm holds for 40 ms.
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass


def server_of(app: Any, port: int = 0) -> ThreadedWSGIServer:
    """On a port of localhost; 0: a free one."""
    server = ThreadedWSGIServer(("127.0.0.1", port), _Quiet)
    server.daemon_threads = True
    server.set_app(app)
    return server


@contextmanager
def serving(app: Any = None) -> Iterator[str]:
    """The platform with its sandbox, or another application; its address."""
    server = server_of(app or WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    url = f"http://localhost:{server.server_address[1]}"
    # The first request loads what the others need, which takes longer than the gateway waits.
    requests.get(f"{url}/sandbox/stripe/", timeout=120)
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def account_at(url: str, settings: Any, hook: str) -> Iterator[StripeAccount]:
    """url: where the sandbox is. hook: where its events go."""
    account = accounts.account_create("Chaos")
    settings.STRIPE_SECRET_KEY = account.secret_key
    settings.STRIPE_API_BASE = f"{url}/sandbox/stripe"
    settings.SANDBOX_URL = url
    made = stripe_endpoint_set(actor=SYSTEM, url=f"{hook}/hooks/stripe/")
    settings.STRIPE_WEBHOOK_SECRETS = [made.secret]
    catalogue_sync(actor=SYSTEM, dry_run=False)
    try:
        yield account
    finally:
        gateway._client.cache_clear()
