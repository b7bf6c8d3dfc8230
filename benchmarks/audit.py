"""The audit log: writing entries, verifying and exporting a million of them, and pages over them."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.audit.chains import chain_of
from apps.audit.models import Entry
from apps.common.actors import ActorKind
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import Handling, OutboxEvent
from apps.events.services import publish_many
from apps.organizations.events import MemberStatusChanged
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from apps.trail.archives import archive_step
from apps.trail.canonical import Link, link_hash
from apps.trail.chains import Chain, NewEntry, entries_append, entry_new
from apps.trail.checkpoints import checkpoint_make
from apps.trail.verifying import chain_verify
from benchmarks.world import ACTOR, figure, ms

ROOT = Path(__file__).resolve().parents[1]
SLUG = "acme"
EVENTS = 2_000
ENTRIES = 1_000_000
REQUESTS = 40
# In a process of its own: the memory that it needed at most, and before it began.
EXPORT = """
import json, sys, time
import django; django.setup()
from apps.audit.exporting import export_lines
from apps.audit.selectors import Filters
from apps.common.database import system_connection
from apps.tenants.selectors import tenant_by_slug
def kb(name):
    return int(next(l for l in open("/proc/self/status") if l.startswith(name)).split()[1])
with system_connection():
    tenant = tenant_by_slug(sys.argv[1]).ref
    before_kb = kb("VmRSS")
    began_s = time.perf_counter()
    size = sum(len(block) for block in export_lines(tenant, Filters(), sys.argv[2]))
    took_s = time.perf_counter() - began_s
print(json.dumps({"took_s": took_s, "extra_kb": kb("VmHWM") - before_kb, "bytes": size}))
"""


@system_connection()
def run(tenants: int) -> None:
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    chain = chain_of(tenant)
    _handler(tenant)
    _appending(chain)
    _fill(chain)
    _verify(chain)
    for form in ("ndjson", "csv"):
        _export(form)
    # In a thread: it speaks as the app, as requests do.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_pages, tenant).result()
    _archive(chain)


def _handler(tenant: Tenant) -> None:
    """By the relay in this process: claim, entry and mark in a transaction each."""
    drain_once()
    with tenant_context(tenant), transaction.atomic():
        publish_many(
            [
                MemberStatusChanged(
                    member_id=uuid.uuid4(), person_id=uuid.uuid4(), status="deactivated"
                )
                for _ in range(EVENTS)
            ],
            actor=ACTOR,
        )
    before = _count(tenant)
    began_s = time.perf_counter()
    drain_once()
    took_s = time.perf_counter() - began_s
    assert _count(tenant) == before + EVENTS
    handled = Handling.objects.filter(event__in=OutboxEvent.objects.all()).count()
    figure("entries by the handler, one relay", f"{EVENTS / took_s:,.0f}/s", f"{handled} handlings")


def _count(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return Entry.objects.count()


def _appending(chain: Chain) -> None:
    """The entry alone, a transaction each, and many in one."""
    with tenant_context(chain.tenant):
        began_s = time.perf_counter()
        for number in range(EVENTS):
            entries_append(chain, [_new(number)])
        took_s = time.perf_counter() - began_s
        figure("entries, a transaction each", f"{EVENTS / took_s:,.0f}/s")
        began_s = time.perf_counter()
        for start in range(0, EVENTS, 100):
            entries_append(chain, [_new(start + number) for number in range(100)])
        figure(
            "entries, a hundred in a transaction",
            f"{EVENTS / (time.perf_counter() - began_s):,.0f}/s",
        )


def _new(number: int) -> NewEntry:
    return NewEntry(
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=20 * number),
        action=f"organizations.{('member_joined', 'member_invited', 'role_binding_changed')[number % 3]}",
        actor_kind=ActorKind.PERSON,
        actor_label=f"person-{number % 500}@acme.test",
        actor_id=uuid.UUID(int=number % 500),
        address=f"203.0.113.{number % 250}",
        agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        request_id=uuid.uuid4().hex,
        target_type="member",
        targets=(str(uuid.UUID(int=number)),),
        what={
            "data": {
                "member_id": str(uuid.UUID(int=number)),
                "email": f"member-{number}@acme.test",
            },
            "before": {},
            "after": {},
        },
    )


def _fill(chain: Chain) -> None:
    """ENTRIES that verify, by COPY past the triggers, which would make them one by one."""
    began_s = time.perf_counter()
    columns = ", ".join(Link._fields)
    with chain.as_system(), transaction.atomic(), connection.cursor() as cursor:
        head = Entry.objects.order_by("-seq").first()
        assert head is not None
        seq, previous = head.seq, bytes(head.hash)
        cursor.execute("SET LOCAL session_replication_role = replica")
        with cursor.copy(f"COPY audit_entry ({columns}) FROM STDIN") as copy:
            for row in _rows(chain, seq, previous):
                copy.write_row(row)
    with chain.as_system(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE audit_entry")
    checkpoint_make(chain)
    figure("(filling a million)", f"{time.perf_counter() - began_s:.0f} s")


def _rows(chain: Chain, seq: int, previous: bytes) -> Iterator[tuple[Any, ...]]:
    for number in range(ENTRIES):
        seq += 1
        entry: Any = entry_new(chain, _new(number))
        entry.seq, entry.prev_hash = seq, previous
        entry.hash = previous = link_hash(seq, previous, entry.content_hash)
        entry.what = json.dumps(entry.what)
        yield tuple(getattr(entry, name) for name in Link._fields)


def _verify(chain: Chain) -> None:
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    report = chain_verify(chain)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    assert report.is_whole, report.problem
    assert report.checkpoints == 1
    figure(
        f"verify {report.entries:,} entries",
        f"{report.entries / took_s:,.0f}/s",
        f"{took_s:.1f} s, of it {cpu_s:.1f} s of CPU here",
    )


def _export(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, SLUG, form],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    rows = ENTRIES + 3 * EVENTS
    figure(
        f"export as {form}, rows",
        f"{rows / found['took_s']:,.0f}/s",
        f"{found['took_s']:.1f} s, {found['bytes'] / 1e6:,.0f} MB, "
        f"{found['extra_kb'] / 1024:.0f} MB of memory beyond the idle process",
    )


def _pages(tenant: Tenant) -> None:
    alice = Person.objects.get(email="alice@acme.test")
    client = Client(HTTP_HOST=f"{tenant.slug}.localhost:8000", raise_request_exception=True)
    from tests.accounts.support import force_sign_in

    force_sign_in(client, alice, tenant)
    middle = ENTRIES // 2
    for name, path in (
        ("newest", "/audit/"),
        ("in the middle", f"/audit/?after={middle}"),
        (
            "by actor and action",
            "/audit/?actor=person-7@acme.test&action=organizations.member_joined",
        ),
        ("by target", f"/audit/?target={uuid.UUID(int=4711)}"),
        ("by day", "/audit/?since=2026-03-01&until=2026-03-01"),
        ("words, one of a million", "/audit/?q=member-4711@acme.test"),
        ("words, every fourth of a thousand", "/audit/?q=203.0.113.7"),
        ("API, newest", "/api/v1/audit-events/"),
        ("API, stream of 1,000", "/api/v1/audit-events/stream/?after=500000"),
    ):
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        statements = len(captured)  # the next request forgets them
        samples = []
        for _ in range(REQUESTS):
            began_s = time.perf_counter()
            client.get(path)
            samples.append(time.perf_counter() - began_s)
        figure(
            f"{ENTRIES:,} entries: {name}, p50",
            ms(samples),
            f"p95 {ms(samples, 0.95)}, {statements} statements",
        )


def _archive(chain: Chain) -> None:
    began_s = time.perf_counter()
    segment = archive_step(chain, datetime(2030, 1, 1, tzinfo=UTC))
    assert segment is not None
    count = segment.last_seq - segment.first_seq + 1
    took_s = time.perf_counter() - began_s
    figure(f"archive {count:,} entries", f"{count / took_s:,.0f}/s", f"{took_s:.1f} s")
