from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from apps.accounts.oidc import jwks
from tests.accounts.oidc.interop import IS_ON, OidcProvider, running
from tests.accounts.oidc.provider import Browser, Sandbox, serving
from tests.accounts.oidc.rows import Rows
from tests.accounts.support import use_urls
from tests.api.client import api
from tests.conftest import World

__all__ = ["api"]


@pytest.fixture(scope="session")
def sandbox_port() -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.fixture(autouse=True)
def _real_urls(_own_urls: None, monkeypatch: pytest.MonkeyPatch) -> None:
    use_urls(monkeypatch, "config")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share their machine with others; those about time set it themselves."""
    monkeypatch.setattr("apps.accounts.oidc.discovery.TIMEOUT_S", 20.0)


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    """No provider's key is remembered by the next test."""
    jwks.forget()
    yield
    jwks.forget()


@pytest.fixture
def sandbox(sandbox_port: int, settings: Settings) -> Callable[[str], Sandbox]:
    settings.OIDC_INTERNAL_HOSTS = [f"localhost:{sandbox_port}"]
    return lambda slug: Sandbox(sandbox_port, slug)


# What needs the provider is not even collected without it.
collect_ignore = [] if IS_ON else ["test_interop.py"]
AUDIENCE = "https://api.wrapper.test"


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[OidcProvider]:
    with running(AUDIENCE) as provider:
        yield provider


@pytest.fixture
def kinde(request: pytest.FixtureRequest, settings: Settings, world: object) -> Sandbox:
    """The platform's provider: the sandbox's, or npm's in `make interop`."""
    made: Any
    if IS_ON:
        made = request.getfixturevalue("oidc_provider")
        settings.OIDC_INTERNAL_HOSTS = [urlsplit(made.base).netloc]
    else:
        made = request.getfixturevalue("sandbox")("kinde")
    settings.OIDC_DISCOVERY_URL = made.discovery_url
    settings.OIDC_CLIENT_ID = made.client_id
    settings.OIDC_CLIENT_SECRET = "sandbox-client-secret"
    settings.OIDC_NAME = "Kinde"
    settings.OIDC_API_AUDIENCE = AUDIENCE
    return made  # type: ignore[no-any-return]


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def rows(world: World) -> Rows:
    return Rows(world)
