"""How long an event takes to its effect, how fast a backlog is gone, and what publishing costs a write."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.events.services import publish, publish_many
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks import events_sample
from benchmarks.world import ACTOR, figure, ms

ROOT = Path(__file__).resolve().parents[1]
SLUG = "acme"
BACKLOG = 5000
AGGREGATES = 500
WRITES = 2000


def run(tenants: int) -> None:
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    happened = events_sample.declare()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(events_sample.TABLE.format(schema=tenant.schema_name))
    _publishing(tenant, happened)
    _clear()
    with _relay(), _listening() as told:
        _at_a_rate(tenant, happened, told, 20, 200)
        _at_a_rate(tenant, happened, told, 100, 1000)
    for relays in (1, 2):
        _backlog(tenant, happened, relays)


def _at_a_rate(
    tenant: Tenant, happened: Any, told: psycopg.Connection, per_s: int, count: int
) -> None:
    """From the publisher's commit to the handler's, as a third connection hears of it."""
    committed: dict[int, float] = {}
    heard: dict[int, float] = {}
    due_s = time.perf_counter()
    for n in range(count):
        while (left_s := due_s - time.perf_counter()) > 0:
            _hear(told, heard, left_s)
        with tenant_context(tenant), transaction.atomic():
            publish(happened(thing_id=uuid.uuid4(), n=n), actor=ACTOR)
        committed[n] = time.perf_counter()
        due_s += 1 / per_s
    deadline_s = time.perf_counter() + 30
    while len(heard) < count and time.perf_counter() < deadline_s:
        _hear(told, heard, 1)
    samples = [heard[n] - committed[n] for n in range(count)]
    figure(
        f"commit to the handler's commit at {per_s}/s, p50",
        ms(samples),
        f"p99 {ms(samples, 0.99)}; to reach: 8 and 30 ms",
    )
    _clear()


def _hear(told: psycopg.Connection, heard: dict[int, float], timeout_s: float) -> None:
    for note in told.notifies(timeout=timeout_s, stop_after=1):
        heard[int(note.payload)] = time.perf_counter()


def _backlog(tenant: Tenant, happened: Any, relays: int) -> None:
    things = [uuid.uuid4() for _ in range(AGGREGATES)]
    with tenant_context(tenant), transaction.atomic():
        events = [happened(thing_id=things[n % AGGREGATES], n=n) for n in range(BACKLOG)]
        publish_many(events, actor=ACTOR)
    with _listening() as told:
        heard: dict[int, float] = {}
        with _relay(), _relay() if relays == 2 else _nothing():
            while len(heard) < BACKLOG:
                _hear(told, heard, 30)
    # Without the first tenth: processes start, and one before the other.
    times = sorted(heard.values())[BACKLOG // 10 :]
    rate = len(times) / (times[-1] - times[0])
    processes = "one process" if relays == 1 else "two processes"
    figure(
        f"events handled, one transaction each, {processes}", f"{rate:,.0f}/s", "to reach: 1,000/s"
    )
    _clear()


def _publishing(tenant: Tenant, happened: Any) -> None:
    """A write of one row in a transaction, without and with an event beside it."""
    for _round in range(2):  # the first one warms up
        plain = _writes(tenant, None)
        with_event = _writes(tenant, happened)
    share = sum(with_event) / sum(plain) - 1
    figure("a write of one row", ms(plain), "p50")
    figure("  with an event", ms(with_event), f"p50; {share:+.0%}")


def _writes(tenant: Tenant, happened: Any) -> list[float]:
    samples = []
    with tenant_context(tenant):
        for n in range(WRITES):
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
    OutboxEvent.objects.filter(name="bench.thing_made").delete()
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    with connection.cursor() as cursor:
        cursor.execute(f'TRUNCATE "{tenant.schema_name}".bench_effects')


@contextmanager
def _relay() -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.events_relay"],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "ERROR"},
    )
    time.sleep(4)  # until it listens
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _listening() -> Iterator[psycopg.Connection]:
    parameters: dict[str, Any] = connection.get_connection_params()
    with closing(psycopg.connect(**parameters, autocommit=True)) as told:
        told.execute("LISTEN bench")
        yield told
