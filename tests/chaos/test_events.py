"""Relays, consumers and their servers are killed while events flow: none is lost, none takes effect twice."""

import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import Error as DatabaseError
from django.db import connection, transaction

from apps.common import embedded
from apps.common.database import system_connection
from apps.common.embedded.postgres import Postgres
from apps.events import registry, streams
from apps.events.models import Handling, OutboxEvent
from apps.events.services import publish, publish_many
from tests.events import processes, sample
from tests.events.processes import wait_for
from tests.events.sample import ACTOR, NoteCounted, NotePosted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("events")]
Tell = Callable[[str], None]
KINDS = ("relay", "consume")
EVENTS, KILLS, AGGREGATES = 100_000, 50, 400
DRAINED_WITHIN_S = 60


@pytest.fixture
def events() -> Iterator[None]:
    """Only the sample's, and where its handlers leave their effects."""
    with registry.isolated(), connection.cursor() as cursor:
        registry._subscriptions.clear()
        sample.declare()
        sample.declare_batches()
        cursor.execute(
            "CREATE TABLE sample_effects (id bigint GENERATED ALWAYS AS IDENTITY, "
            "event_id uuid NOT NULL, note_id uuid NOT NULL, n int NOT NULL)"
        )
        streams.connect().flushdb()
        yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sample_effects")
        cursor.execute("TRUNCATE events_handling, events_outboxevent, events_partition")


class Fleet:
    """Relays and consumers, two of each; who is killed is replaced."""

    def __init__(self) -> None:
        self.running = [(kind, processes.start(kind)) for kind in KINDS for _ in range(2)]
        for kind in KINDS:
            wait_for(lambda kind=kind: processes.connected(kind) >= 2, 120)

    def kill_one(self, kind: str) -> None:
        index = random.choice([i for i, (one, _) in enumerate(self.running) if one == kind])
        processes.kill(self.running[index][1])
        self.running[index] = kind, processes.start(kind)

    def lives(self) -> bool:
        return all(process.poll() is None for _kind, process in self.running)

    def stop(self) -> None:
        for _kind, process in self.running:
            processes.kill(process)


@contextmanager
def fleet() -> Iterator[Fleet]:
    found = Fleet()
    try:
        yield found
    finally:
        found.stop()
        wait_for(lambda: sum(map(processes.connected, KINDS)) == 0)


class Publisher(threading.Thread):
    """Commits notes until told to stop, or `count` of them; n counts within each aggregate.

    Most go to the handler that takes batches, every tenth aggregate to the other.
    """

    def __init__(self, count: int, *, batch: int, pause_s: float = 0) -> None:
        super().__init__()
        self._count, self._batch, self._pause_s = count, batch, pause_s
        self._things = [uuid.uuid4() for _ in range(AGGREGATES)]
        self.published = 0
        self.longest_s = 0.0
        self.refused = 0
        self.should_stop = False

    def run(self) -> None:
        try:
            with system_connection():
                while self.published < self._count and not self.should_stop:
                    began_s = time.monotonic()
                    try:
                        self._publish()
                    except DatabaseError:
                        self.refused += 1
                        connection.close()
                        time.sleep(0.2)
                        continue
                    self.longest_s = max(self.longest_s, time.monotonic() - began_s)
                    time.sleep(self._pause_s)
        finally:
            connection.close()

    def _publish(self) -> None:
        numbers = range(self.published, min(self.published + self._batch, self._count))
        made = []
        for number in numbers:
            aggregate, n = number % AGGREGATES, number // AGGREGATES
            cls = NoteCounted if aggregate % 10 else NotePosted
            made.append(cls(self._things[aggregate], n))
        with transaction.atomic():
            publish_many(made, actor=ACTOR, tenant_id=None)
        self.published = numbers.stop


def handled() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sample_effects")
        return cursor.fetchone()[0]


def assert_each_once_and_in_order(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT event_id), "
            "count(*) FILTER (WHERE n <> place) FROM (SELECT *, "
            "row_number() OVER (PARTITION BY note_id ORDER BY id) - 1 AS place FROM sample_effects) e"
        )
        assert cursor.fetchone() == (count, count, 0)
    assert not Handling.objects.exclude(state="done").exists()


def test_kills_of_relays_and_consumers(tell: Tell) -> None:
    publisher = Publisher(EVENTS, batch=500, pause_s=0.1)
    with fleet() as running:
        publisher.start()
        kills = list(KINDS) * KILLS
        random.shuffle(kills)
        for kind in kills:
            running.kill_one(kind)
            time.sleep(random.uniform(0, 1.5))
        publisher.join()
        took_s = wait_for(lambda: handled() >= EVENTS, 300)
        assert_each_once_and_in_order(EVENTS)
    tell(
        f"{EVENTS:,} events, relays killed {KILLS} times, consumers {KILLS} times: 0 lost, 0 twice, "
        f"order kept in {AGGREGATES} aggregates; the rest drained in {took_s:.1f} s"
    )


def valkey() -> int:
    """Its process."""
    [found] = embedded.status(["valkey"], "test")
    assert found.pid is not None
    return found.pid


def stop_and_resume() -> None:
    pid = valkey()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(7)
    os.kill(pid, signal.SIGCONT)


def kill_and_restart() -> None:
    os.kill(valkey(), signal.SIGKILL)
    time.sleep(2)
    embedded.start("valkey", "test")


def flush_all() -> None:
    streams.connect().flushall()


@pytest.mark.parametrize("harm", [stop_and_resume, kill_and_restart, flush_all])
def test_redis_goes_away(harm: Callable[[], None], tell: Tell) -> None:
    publisher = Publisher(1_000_000, batch=20, pause_s=0.02)
    with fleet() as running:
        publisher.start()
        time.sleep(3)
        harm()
        time.sleep(3)
        publisher.should_stop = True
        publisher.join()
        count = publisher.published
        took_s = wait_for(lambda: handled() >= count, DRAINED_WITHIN_S)
        assert running.lives()
        assert_each_once_and_in_order(count)
    # Publishing asks Redis nothing.
    assert publisher.refused == 0
    assert publisher.longest_s < 2
    tell(
        f"Redis, {harm.__name__}: {count:,} events, 0 lost, 0 twice, order kept; longest write "
        f"{publisher.longest_s * 1000:.0f} ms; drained {took_s:.1f} s after the last"
    )


def test_postgresql_restarts(tell: Tell) -> None:
    publisher = Publisher(1_000_000, batch=20, pause_s=0.02)
    server = Postgres("test")
    with fleet() as running:
        publisher.start()
        time.sleep(3)
        found = server.running()
        assert found is not None
        server.terminate(found.pid)
        time.sleep(1)
        embedded.start("postgres", "test")
        connection.close()
        time.sleep(4)
        publisher.should_stop = True
        publisher.join()
        count = publisher.published
        took_s = wait_for(lambda: handled() >= count, DRAINED_WITHIN_S)
        assert running.lives()
        assert_each_once_and_in_order(count)
    assert publisher.refused > 0
    tell(
        f"PostgreSQL restarted: {count:,} events, {publisher.refused} writes refused, 0 lost, 0 twice; "
        f"drained {took_s:.1f} s after the last, by the same processes"
    )


def test_the_lower_position_commits_last(tell: Tell) -> None:
    rounds = 200
    with fleet():
        for number in range(rounds):
            begun, go = threading.Event(), threading.Event()

            def late(number: int = number, begun: threading.Event = begun, go=go) -> None:
                try:
                    with system_connection(), transaction.atomic():
                        publish(NotePosted(uuid.uuid4(), 0), actor=ACTOR, tenant_id=None)
                        list(OutboxEvent.objects.all()[:1])  # sends it
                        begun.set()
                        assert go.wait(30)
                finally:
                    connection.close()

            thread = threading.Thread(target=late)
            thread.start()
            assert begun.wait(30)
            with transaction.atomic():
                publish(NotePosted(uuid.uuid4(), 0), actor=ACTOR, tenant_id=None)
            wait_for(lambda number=number: handled() >= 2 * number + 1, 30)
            go.set()
            thread.join()
            wait_for(lambda number=number: handled() >= 2 * number + 2, 30)
    assert_each_once_and_in_order(2 * rounds)
    tell(f"the lower position committed last {rounds} times: 0 skipped")
