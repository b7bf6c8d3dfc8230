"""Bulk work is refused before a queue has no end."""

from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.common import queue_room
from apps.common.actors import Actor
from apps.common.queue_room import QueueFull, require_room, waiting_in
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request
from tests.conftest import SYSTEM


@pytest.fixture
def waiting(settings: Any) -> Redis:
    """Three tasks in the queue, of two that may be."""
    settings.QUEUE_MAX_WAITING = 2
    redis = Redis.from_url(settings.CELERY_BROKER_URL)
    redis.zadd("celery:bulk:turns", {"a": 1, "b": 2, "c": 3})
    return redis


def test_room(waiting: Redis) -> None:
    assert waiting_in("bulk") == 3
    with pytest.raises(QueueFull) as caught:
        require_room("bulk")
    assert (caught.value.status, caught.value.code) == (503, "queue_full")
    assert 60 <= int(caught.value.headers["Retry-After"]) <= 120
    waiting.zrem("celery:bulk:turns", "a", "b")
    require_room("bulk")
    require_room("email")


def test_without_the_broker_it_lets_through(
    waiting: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_queue: str) -> int:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(queue_room, "waiting_in", gone)
    require_room("bulk")


@pytest.mark.django_db
def test_exports_wait_for_room_but_not_the_staffs(
    waiting: Redis, owner: Actor, acme: Tenant
) -> None:
    with pytest.raises(QueueFull):
        export_request(actor=owner, tenant_id=acme.id)
    assert Export.objects.count() == 0
    export_request(actor=SYSTEM, tenant_id=acme.id)
    assert Export.objects.count() == 1
