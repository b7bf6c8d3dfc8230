from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.events.models import OutboxEvent
from tests.accounts.support import PASSWORD, PUBLIC, post_json, use_urls


@pytest.fixture(autouse=True)
def _own_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    use_urls(monkeypatch, "tests.accounts")


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
