"""How long an event takes to its effect, how fast a backlog is gone, and what publishing costs a write."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events import registry
from apps.events.dispatching import dispatch_batch, prepare
from apps.events.models import OutboxEvent
from apps.events.services import publish, publish_many
from apps.events.streams import Writer, connect
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks import events_sample
from benchmarks.world import ACTOR, figure, ms

ROOT = Path(__file__).resolve().parents[1]
SLUG = "acme"
DISPATCHED = 50_000
HANDLED = 10_000
AGGREGATES = 500
WRITES = 2000
WRITERS = 8
WARM_UP = 50
WORKING = {
    "relay": ("wrapper-events-relay", "query LIKE 'LISTEN%%'"),
    "consume": (
        "wrapper-events-consumer",
        "a.pid IN (SELECT pid FROM pg_locks WHERE mode = 'ExclusiveLock' AND locktype = 'advisory')",
    ),
}


def run(tenants: int) -> None:
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    registry._subscriptions.clear()  # what the demo's people set off is not measured
    happened, counted = events_sample.declare()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(events_sample.TABLE.format(schema=tenant.schema_name))
    _publishing(tenant, happened)
    _publishing_together(tenant, happened)
    _clear()
    with _process("relay"), _process("consume"), _listening() as told:
        _at_a_rate(tenant, happened, told, 20, 200)
        _at_a_rate(tenant, happened, told, 100, 1000)
    _clear()
    _dispatching(tenant, happened)
    for consumers in (1, 2):
        rate = _backlog(tenant, happened, consumers)
        name = f"events handled, one transaction each, {consumers} consumer{'s'[: consumers - 1]}"
        figure(name, f"{rate:,.0f}/s", "to reach: 1,000/s, and 1.7 times that")
    rate = _backlog(tenant, counted, 1)
    figure("events handled in batches, 1 consumer", f"{rate:,.0f}/s", "to reach: 5,000/s")


def _at_a_rate(
    tenant: Tenant, happened: Any, told: psycopg.Connection, per_s: int, count: int
) -> None:
    """From the publisher's commit to the handler's, as a third connection hears of it."""
    committed: dict[int, float] = {}
    heard: dict[int, float] = {}
    due_s = time.perf_counter()
    # The first ones find processes that have not worked yet.
    for n in range(-WARM_UP, count):
        while (left_s := due_s - time.perf_counter()) > 0:
            _hear(told, heard, left_s)
        with tenant_context(tenant), transaction.atomic():
            publish(happened(thing_id=uuid.uuid4(), n=n), actor=ACTOR)
        committed[n] = time.perf_counter()
        due_s += 1 / per_s
    deadline_s = time.perf_counter() + 30
    while len(heard) < count + WARM_UP and time.perf_counter() < deadline_s:
        _hear(told, heard, 1)
    samples = [heard[n] - committed[n] for n in range(count)]
    figure(
        f"commit to the handler's commit at {per_s}/s, p50",
        ms(samples),
        f"p99 {ms(samples, 0.99)}; to reach: 8 and 30 ms",
    )


def _hear(told: psycopg.Connection, heard: dict[int, float], timeout_s: float) -> None:
    for note in told.notifies(timeout=timeout_s, stop_after=1):
        heard[int(note.payload)] = time.perf_counter()


def _dispatching(tenant: Tenant, happened: Any) -> None:
    """A backlog into the streams, by one relay, which is this process."""
    _fill(tenant, happened, DISPATCHED)
    writer = Writer()
    prepare(writer)
    began_s = time.perf_counter()
    count = 0
    while batch := dispatch_batch(writer):
        count += batch
    took_s = time.perf_counter() - began_s
    writer.close()
    figure("a backlog dispatched, one relay", f"{count / took_s:,.0f}/s", "to reach: 50,000/s")
    _clear()


def _backlog(tenant: Tenant, happened: Any, consumers: int) -> float:
    """Events a second, from the first tenth on: the processes have found each other then."""
    _fill(tenant, happened, HANDLED)
    with _listening() as told, ExitStack() as processes:
        heard: dict[int, float] = {}
        for _ in range(consumers):
            processes.enter_context(_process("consume"))
        processes.enter_context(_process("relay"))
        while len(heard) < HANDLED:
            _hear(told, heard, 30)
    times = sorted(heard.values())[HANDLED // 10 :]
    _clear()
    return len(times) / (times[-1] - times[0])


def _fill(tenant: Tenant, happened: Any, count: int) -> None:
    things = [uuid.uuid4() for _ in range(AGGREGATES)]
    with tenant_context(tenant), transaction.atomic():
        events = [happened(thing_id=things[n % AGGREGATES], n=n) for n in range(count)]
        publish_many(events, actor=ACTOR)


def _publishing(tenant: Tenant, happened: Any) -> None:
    """A write of one row in a transaction, without and with an event beside it."""
    for _round in range(2):  # the first one warms up
        plain = _writes(tenant, None)
        with_event = _writes(tenant, happened)
    share = sum(with_event) / sum(plain) - 1
    figure("a write of one row", ms(plain), "p50")
    figure("  with an event", ms(with_event), f"p50; {share:+.0%}")


def _publishing_together(tenant: Tenant, happened: Any) -> None:
    """As many writers at once as share a web process, each with a connection of its own."""
    took_s: dict[bool, float] = {}
    for with_event in (False, True, False, True):

        def work(event: Any) -> None:
            _writes(tenant, event, WRITES // WRITERS)
            connection.close()

        threads = [
            threading.Thread(target=work, args=[happened if with_event else None])
            for _ in range(WRITERS)
        ]
        began_s = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took_s[with_event] = time.perf_counter() - began_s
    figure(
        f"{WRITERS} writers, writes of one row with an event",
        f"{WRITES / took_s[True]:,.0f}/s",
        f"{took_s[True] / took_s[False] - 1:+.0%} time; to reach: +15%",
    )


def _writes(tenant: Tenant, happened: Any, count: int = WRITES) -> list[float]:
    samples = []
    with tenant_context(tenant):
        for n in range(count):
            began_s = time.perf_counter()
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO bench_effects (event_id, n) VALUES (%s, %s)", [uuid.uuid4(), n]
                    )
                if happened is not None:
                    publish(happened(thing_id=uuid.uuid4(), n=n), actor=ACTOR)
            samples.append(time.perf_counter() - began_s)
    return samples


@system_connection()
def _clear() -> None:
    OutboxEvent.objects.filter(name__startswith="bench.").delete()
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    with connection.cursor() as cursor:
        cursor.execute(f'TRUNCATE "{tenant.schema_name}".bench_effects')
        cursor.execute("TRUNCATE events_handling")
        cursor.execute("UPDATE events_partition SET last_entry = '0-0'")
    connect().flushdb()


@contextmanager
def _process(command: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.events_process", command],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "ERROR"},
    )
    _wait_until_it_works(command)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@system_connection()
def _wait_until_it_works(command: str) -> None:
    """The relay listens; a consumer has partitions."""
    name, query = WORKING[command]
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity a WHERE application_name = %s "
                f"AND {query})",
                [name],
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{command} does not start")


@contextmanager
def _listening() -> Iterator[psycopg.Connection]:
    parameters: dict[str, Any] = connection.get_connection_params()
    with closing(psycopg.connect(**parameters, autocommit=True)) as told:
        told.execute("LISTEN bench")
        yield told
