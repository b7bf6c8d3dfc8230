"""Real relays and consumers: woken, stopped, killed, cut off from their servers, sharing the work."""

import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from apps.events import streams
from apps.events.models import Handling
from tests.events import processes
from tests.events.processes import connected, wait_for
from tests.events.sample import effects, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("effects_table")]
Start = Callable[..., subprocess.Popen]
NEVER_S = 600  # a sweep that no test waits for: what happens, happens without it


@pytest.fixture
def start(effects_table) -> Iterator[Start]:
    """Start a process on the test database and wait until it works."""
    started: list[subprocess.Popen] = []

    def start(command: str, sweep_s: float = 1.0) -> subprocess.Popen:
        before = connected(command)
        started.append(processes.start(command, sweep_s))
        wait_for(lambda: connected(command) > before, timeout_s=60)
        return started[-1]

    yield start
    for process in started:
        processes.kill(process)
    wait_for(lambda: connected("relay") + connected("consume") == 0)


def partitions_held() -> list[int]:
    """By each consumer, how many, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE mode = 'ExclusiveLock') FROM pg_locks "
            "WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "GROUP BY pid ORDER BY 1"
        )
        return [count for (count,) in cursor.fetchall()]


def cut_streams() -> None:
    """Other test processes use the same server by databases of their own: theirs stay."""
    redis = streams.connect()
    own = redis.client_id()
    database = str(redis.connection_pool.connection_kwargs["db"])
    for client in redis.client_list(_type="normal"):
        if client["db"] == database and int(client["id"]) != own:
            redis.client_kill_filter(_id=client["id"])


def test_a_commit_wakes_the_relay_and_the_stream_the_consumer(start):
    start("relay", sweep_s=NEVER_S)
    start("consume")
    for n in range(20):
        post(n)
        wait_for(lambda n=n: len(effects()) == n + 1)


def test_sigterm_finishes_the_handling_and_exits(start):
    start("relay")
    process = start("consume")
    note_id = uuid.uuid4()
    post(1, note_id=note_id, sleep_s=1)
    post(2, note_id=note_id)
    wait_for(lambda: sleeping() == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert effects() == [1]
    assert Handling.objects.filter(handler="sample.record_note", state="done").count() == 1


@pytest.mark.parametrize("command", ["relay", "consume"])
def test_sigterm_ends_an_idle_process_at_once(start, command):
    process = start(command, sweep_s=NEVER_S)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_kill_9_of_both_in_the_middle_loses_nothing_and_repeats_nothing(start):
    relay, consumer = start("relay"), start("consume")
    for n in range(20):
        post(n)
    post(20, sleep_s=2)
    for n in range(21, 40):
        post(n)
    wait_for(lambda: sleeping() == 1)
    for process in (relay, consumer):
        process.kill()
        process.wait(60)
    assert 20 not in effects()
    start("relay")
    start("consume")
    wait_for(lambda: len(effects()) == 40, timeout_s=30)
    assert sorted(effects()) == list(range(40))
    assert not Handling.objects.exclude(state="done").exists()


def test_cut_connections_are_opened_again(start):
    both = start("relay"), start("consume")
    post(1)
    wait_for(lambda: effects() == [1])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
    cut_streams()
    post(2)
    wait_for(lambda: effects() == [1, 2])
    assert [process.poll() for process in both] == [None, None]


def test_streams_that_redis_lost_are_made_anew(start):
    start("relay")
    start("consume")
    post(1)
    wait_for(lambda: effects() == [1])
    streams.connect().flushdb()
    post(2)
    wait_for(lambda: effects() == [1, 2])


def test_two_consumers_share_the_partitions_and_keep_the_order(start):
    start("relay")
    first = start("consume")
    start("consume")
    wait_for(lambda: partitions_held() == [8, 8])
    notes = [uuid.uuid4() for _ in range(40)]
    for n in range(100):
        post(n, note_id=notes[n % 40])
    wait_for(lambda: len(effects()) > 20)
    first.kill()
    first.wait(60)
    for n in range(100, 200):
        post(n, note_id=notes[n % 40])
    wait_for(lambda: len(effects()) == 200, timeout_s=30)
    handled = effects()
    assert sorted(handled) == list(range(200))
    for note in range(40):
        assert [n for n in handled if n % 40 == note] == list(range(note, 200, 40))
    assert partitions_held() == [16]


def sleeping() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
            "AND datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]
