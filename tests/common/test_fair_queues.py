"""Turns of tenants within a queue, on the real broker; the last ones with a real worker."""

import uuid
from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
from django.conf import settings
from kombu.utils.json import dumps

from apps.common.fair_queues import SHARE_HEADER, Channel, share_name
from apps.tenants.models import Tenant
from config.celery import app
from tests import workers


def message(share: str, body: str) -> dict[str, Any]:
    return {
        "body": body,
        "headers": {SHARE_HEADER: share},
        "properties": {
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "", "routing_key": "default"},
        },
    }


@pytest.fixture
def channel() -> Iterator[Channel]:
    workers.purge()
    with app.connection_for_write() as broker:
        yield broker.default_channel
    workers.purge()


def taken(channel: Channel, count: int) -> list[str]:
    return [channel._get("default")["body"] for _ in range(count)]


def test_tenants_take_turns(channel: Channel) -> None:
    for number in range(5):
        channel._put("default", message("acme", f"acme {number}"))
    for number in range(2):
        channel._put("default", message("globex", f"globex {number}"))
    assert channel._size("default") == 7
    order = taken(channel, 7)
    assert sorted(order[:2]) == ["acme 0", "globex 0"]
    assert sorted(order[2:4]) == ["acme 1", "globex 1"]
    assert order[4:] == ["acme 2", "acme 3", "acme 4"]
    with pytest.raises(Empty):
        channel._get("default")


def test_who_comes_late_is_next_and_gains_nothing_by_having_waited(channel: Channel) -> None:
    for number in range(100):
        channel._put("default", message("acme", f"acme {number}"))
    taken(channel, 50)
    for number in range(3):
        channel._put("default", message("globex", f"globex {number}"))
    order = taken(channel, 6)
    assert [order.index(f"globex {number}") <= 2 * number + 1 for number in range(3)] == [True] * 3
    assert len([body for body in order if body.startswith("acme")]) == 3


def test_a_message_taken_is_unacknowledged_in_the_same_step(channel: Channel) -> None:
    sent = message("acme", "x")
    channel._put("default", sent)
    assert channel.take("default") == sent
    tag = sent["properties"]["delivery_tag"]
    kept = channel.client.hget(channel.unacked_key, tag)
    assert kept.decode() == f'[{dumps(sent)},"","default"]'
    # A worker that dies now: whoever restores what is overdue makes it the next.
    channel._put("default", message("acme", "later"))
    channel.qos.restore_by_tag(tag)
    assert channel.client.hget(channel.unacked_key, tag) is None
    assert taken(channel, 2) == ["x", "later"]


def test_nothing_is_left_behind(channel: Channel) -> None:
    for share in ("acme", "globex"):
        channel._put("default", message(share, "x"))
    taken(channel, 2)
    prefix = channel.global_keyprefix
    names = {key.decode() for key in channel.client.scan_iter(f"{prefix}default*")}
    assert names == set()
    channel._put("default", message("acme", "x"))
    assert channel._purge("default") == 1
    assert channel._size("default") == 0
    assert {key.decode() for key in channel.client.scan_iter(f"{prefix}default*")} == set()


def test_whose_turn_a_task_takes() -> None:
    headers: dict[str, Any] = {}
    share_name("notes.count", headers, ((), {"tenant_id": "t1"}, {}))
    assert headers == {SHARE_HEADER: "t1"}
    share_name("events.prune", headers, ((), {}, {}))
    assert headers == {SHARE_HEADER: "events.prune"}


def test_every_queue_has_turns() -> None:
    assert app.conf.broker_transport_options["fair_queues"] == tuple(
        queue.name for queue in settings.CELERY_TASK_QUEUES
    )


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_does_not_let_one_tenant_wait_for_another(
    acme: Tenant, globex: Tenant
) -> None:
    with workers.table():
        workers.send(acme, 2000, takes_s=0.01)
        worker = workers.start_worker(concurrency=1)
        try:
            workers.wait_for(lambda: (True,) in workers.items("is_done"), 60)
            workers.send(globex, 5, takes_s=0.01)
            took_s = workers.wait_for(lambda: workers.items("is_done", globex) == [(True,)] * 5, 10)
            waiting = workers.items("is_done", acme).count((False,))
        finally:
            workers.kill_tree(worker)
    assert took_s < 3
    # It did not have to finish with acme first.
    assert waiting > 1000
