from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.common.tenancy import tenant_context
from apps.notifications.tasks import send_due
from apps.organizations.models import Member
from tests.conftest import World


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
