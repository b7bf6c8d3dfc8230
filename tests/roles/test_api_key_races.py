"""Two who act on one key at once, with threads and real commits."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import app_connection
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.roles.models import ApiKey
from apps.roles.services import api_key_revoke, api_key_rotate, api_keys_announce_expiry
from tests.conftest import World
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture
def owner(world: World) -> Actor:
    with tenant_context(world.acme):
        return actor_for(world.alice)


def together(act: Callable[[int], Any], world: World, count: int = THREADS) -> list[Any]:
    """What each thread's act returned or raised."""
    barrier = threading.Barrier(count)
    found: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            with app_connection(), tenant_context(world.acme):
                barrier.wait(timeout=20)
                found[number] = act(number)
        except Exception as error:  # noqa: BLE001 - told to the test
            found[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def key(owner: Actor, world: World) -> Any:
    with tenant_context(world.acme):
        made = make_key(owner)
        yield made
        ApiKey.objects.all().delete()


def test_the_first_use_is_told_once(key: Any, world: World) -> None:
    def call(_number: int) -> int:
        with tenant_context(None):
            return int(by_key(key.text).client.get("/api/v1/members/").status_code)

    assert together(call, world) == [200] * THREADS
    assert OutboxEvent.objects.filter(name="roles.api_key_first_used").count() == 1


def test_of_those_who_rotate_what_they_saw_one_does(key: Any, owner: Actor, world: World) -> None:
    found = together(
        lambda _: api_key_rotate(
            actor=owner, api_key_id=key.key.id, overlap_s=3600, replaces=key.key.hint
        ),
        world,
    )
    refused = [one for one in found if isinstance(one, Conflict)]
    (made,) = [one for one in found if not isinstance(one, Exception)]
    assert len(refused) == THREADS - 1
    row = ApiKey.objects.get()
    assert (row.hint, row.previous_hint) == (made.key.hint, key.key.hint)


def test_no_request_that_begins_after_the_revocation_gets_in(
    key: Any, owner: Actor, world: World
) -> None:
    revoked = threading.Event()

    def act(number: int) -> list[tuple[bool, int]]:
        if number == 0:
            api_key_revoke(actor=owner, api_key_id=key.key.id)
            revoked.set()
            return []
        seen = []
        with tenant_context(None):
            client = by_key(key.text).client
            for _ in range(12):
                before = revoked.is_set()
                seen.append((before, client.get("/api/v1/members/").status_code))
        return seen

    found = together(act, world, 4)
    answers = [one for seen in found for one in seen]
    assert {status for _before, status in answers} <= {200, 401, 429}
    assert not [one for one in answers if one == (True, 200)]
    assert (True, 401) in answers
    assert ApiKey.objects.get().revoked_at is not None


def test_revoking_while_rotating(key: Any, owner: Actor, world: World) -> None:
    """Whichever comes first, the key is revoked in the end, with every text of it."""

    def act(number: int) -> Any:
        if number % 2:
            return api_key_revoke(actor=owner, api_key_id=key.key.id)
        return api_key_rotate(actor=owner, api_key_id=key.key.id, overlap_s=3600)

    found = together(act, world, 2)
    assert not isinstance(found[1], Exception)
    assert ApiKey.objects.get().revoked_at is not None
    texts = [key.text] + ([found[0].text] if not isinstance(found[0], Exception) else [])
    for text in texts:
        assert by_key(text).client.get("/api/v1/members/").status_code == 401


def test_an_expiry_is_told_once_by_two_sweeps(key: Any, world: World) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(days=1))
    found = together(lambda _: api_keys_announce_expiry(), world, 4)
    assert sorted(found) == [[], [], [], [key.key.id]]
