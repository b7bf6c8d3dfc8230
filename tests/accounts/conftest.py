from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts import keys
from apps.accounts.models import Person
from apps.events.models import OutboxEvent
from tests.accounts.support import PASSWORD, PUBLIC, post_json


@pytest.fixture(autouse=True)
def _own_urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = settings.PUBLIC_URLCONF = "tests.accounts.urls_public"
    settings.TENANT_URLCONF = "tests.accounts.urls_tenant"


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    """No signing key is remembered that was rolled back with its test."""
    keys.forget()
    yield
    keys.forget()


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST=PUBLIC)


@pytest.fixture
def published(db: None) -> Callable[[], list[OutboxEvent]]:
    """Events since the test began, in order."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(OutboxEvent.objects.filter(position__gt=start).order_by("position"))


@pytest.fixture
def tokens(client: Client, alice: Person) -> dict[str, str]:
    """A pair of alice's that is bound to no tenant."""
    response = post_json(
        client, "/api/v1/auth/token/", {"email": alice.email, "password": PASSWORD}
    )
    assert response.status_code == 200
    return response.json()
