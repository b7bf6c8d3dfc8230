from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from apps.common.tenancy import tenant_context
from apps.notifications.push import apns, fcm
from apps.notifications.tasks import send_due
from apps.organizations.models import Member
from apps.sandbox.push import keys
from tests.accounts.oidc.provider import serving
from tests.api.client import api, bearer
from tests.conftest import World
from tests.notifications.pushing import Register, registering

__all__ = ["api", "bearer"]


@pytest.fixture
def inside(world: World) -> Iterator[World]:
    """In acme."""
    with tenant_context(world.acme):
        yield world


@pytest.fixture
def alice_member(inside: World) -> Member:
    return Member.objects.get(person_id=inside.alice.id)


@pytest.fixture
def bob_member(inside: World) -> Member:
    return Member.objects.get(person_id=inside.bob.id)


@pytest.fixture
def send_all(sending_queued: list[dict[str, Any]]) -> Callable[[], None]:
    """Let workers send all that is queued, outside of any transaction."""

    def send() -> None:
        while sending_queued:
            send_due(**sending_queued.pop(0))

    return send


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """Of the sandbox's pages, over real HTTP."""
    with serving() as port:
        yield f"http://localhost:{port}/sandbox"


@pytest.fixture
def push(sandbox_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """All three push services are the sandbox's. Where its pages are.

    The tests' server knows no HTTP/2; tests/e2e/test_app.py has one that does.
    """
    client = httpx.Client(timeout=10, trust_env=False)
    monkeypatch.setattr(apns, "_client", lambda _proxy: client)
    settings.PUBLIC_URL = sandbox_url.removesuffix("/sandbox")
    settings.PUSH_INTERNAL_HOSTS = [settings.PUBLIC_URL.removeprefix("http://")]
    settings.WEB_PUSH_PRIVATE_KEY = keys.vapid_private_key()
    settings.FCM_CREDENTIALS = keys.service_account(sandbox_url)
    settings.FCM_API_URL = f"{sandbox_url}/push/fcm"
    settings.APNS_KEY, settings.APNS_KEY_ID = keys.apns_pem(), keys.APNS_KEY_ID
    settings.APNS_TEAM_ID, settings.APNS_TOPIC = keys.APNS_TEAM_ID, keys.APNS_TOPIC
    settings.APNS_API_URL = f"{sandbox_url}/push/apns"
    yield sandbox_url
    fcm.credentials_of.cache_clear()
    client.close()


@pytest.fixture
def register(push: str) -> Register:
    """`register(actor)`: a browser of the sandbox's that takes push messages for the actor."""
    return registering
