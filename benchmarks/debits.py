"""Debits through the service, against pgbench that runs the same statement on the same server."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.common.database import app_connection
from apps.common.embedded.postgres import Postgres
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID, AccountKind, BudgetPeriod, GrantSource, TransactionKind
from apps.credits.fingerprints import fingerprint
from apps.credits.group_commit import spend_alone, spend_together
from apps.credits.models import Account, Budget
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.credits.posting import Move, lock_accounts, post
from apps.credits.services import credits_debit, grant_create, spending
from apps.credits.verifying import differences
from apps.organizations.models import Organization
from apps.organizations.selectors import root_organization
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import ACTOR, figure, ms

CLIENTS = 8
CROWD = 16
ACCOUNTS = 100
SECONDS = 4
REPEATS = 5
OPERATION = "bench.debit"
AMOUNT = 10**12

# What the service sends, its values made by the server.
SCRIPT = """
SELECT * FROM public.ledger_spend('debit', {organization}, 'bench.debit', now(),
    jsonb_build_array(jsonb_build_object('place', 0, 'id', {uuid}, 'key', gen_random_uuid()::text,
    'fingerprint', gen_random_uuid(), 'amount', 1, 'actor_kind', 'system', 'details', '{{}}'::jsonb)));
"""


def run(tenants: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    declare()
    with tenant_context(acme):
        organizations = _stock()
    for name, places in (("one hot account", [None]), (f"{ACCOUNTS} accounts", organizations)):
        floor, threads, processes, latencies = [], [], [], []
        for _repeat in range(REPEATS):
            floor.append(_pgbench(acme, places))
            rate, samples = _threads(acme, places)
            threads.append(rate)
            latencies += samples
            processes.append(_processes(places))
        base = statistics.median(floor)
        figure(f"debits, {name}, {CLIENTS} clients of pgbench (the floor)", f"{base:,.0f}/s")
        for label, rates in (("threads of one process", threads), ("processes", processes)):
            ratio = statistics.median(
                rate / under for rate, under in zip(rates, floor, strict=True)
            )
            figure(
                f"debits, {name}, {CLIENTS} {label}",
                f"{statistics.median(rates):,.0f}/s",
                f"{ratio:.2f} of the floor; to reach: 0.8",
            )
        figure(f"  latency, {name}, threads, p99", ms(latencies, 0.99), f"p50 {ms(latencies)}")
    _together(acme)
    with tenant_context(acme):
        figure("differences after all of it", str(len(differences())), "to reach: 0")


def _together(tenant: Tenant) -> None:
    """One hot account under load: group commit, against a statement and a commit for each."""
    alone, together, latencies = [], [], []
    for _repeat in range(REPEATS):
        with _without_group_commit():
            alone.append(_threads(tenant, [None], CROWD)[0])
        rate, samples = _threads(tenant, [None], CROWD)
        together.append(rate)
        latencies += samples
    gain = statistics.median(a / b for a, b in zip(together, alone, strict=True))
    figure(
        f"debits, one hot account, {CROWD} threads, each alone",
        f"{statistics.median(alone):,.0f}/s",
    )
    figure(
        f"debits, one hot account, {CROWD} threads, group commit",
        f"{statistics.median(together):,.0f}/s",
        f"{gain:.1f} times; to reach: 3",
    )
    figure("  latency, p99", ms(latencies, 0.99), f"p50 {ms(latencies)}; to reach: 20 ms")


@contextmanager
def _without_group_commit() -> Iterator[None]:
    spending.spend_together = lambda place, item: spend_alone(place, item, timezone.now())  # type: ignore[assignment]
    try:
        yield
    finally:
        spending.spend_together = spend_together


def declare() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    register_operations(
        [Operation(OPERATION, "Bench", "", "uses", (Rate(1, since, (Tier(None, 1),)),))]
    )


def _stock() -> list[uuid.UUID | None]:
    """A grant in the wallet, and one for each of the budgets."""
    root = root_organization()
    found: list[uuid.UUID | None] = []
    with transaction.atomic():
        grant = grant_create(
            actor=ACTOR,
            source=GrantSource.PROMOTION,
            amount_microcredits=10 * ACCOUNTS * AMOUNT // 100,
            reference=uuid.uuid4().hex,
        )
        for number in range(ACCOUNTS):
            child = Organization.objects.add_child(root, instance=Organization(name=f"B{number}"))
            account = Account.objects.create(kind=AccountKind.BUDGET, organization_id=child.id)
            Budget.objects.create(
                account=account,
                organization_id=child.id,
                amount_microcredits=AMOUNT // 100,
                period=BudgetPeriod.NONE,
                period_start=timezone.now().date(),
            )
            lock_accounts([WALLET_ID, account.id])
            post(
                actor=ACTOR,
                kind=TransactionKind.ALLOCATION,
                moves=[Move(WALLET_ID, account.id, grant.id, AMOUNT // 100)],
                idempotency_key=uuid.uuid4().hex,
                fingerprint=fingerprint("bench"),
                balance_after=AMOUNT // 100,
            )
            found.append(child.id)
            root.refresh_from_db()
    return found


def _pgbench(tenant: Tenant, places: list[uuid.UUID | None]) -> float:
    url = urlsplit(settings.DATABASE_URL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int >= 180000")
        made = "uuidv7()" if cursor.fetchone()[0] else "gen_random_uuid()"
    with tempfile.TemporaryDirectory() as folder:
        scripts = []
        for number, place in enumerate(places):
            path = Path(folder) / f"{number}.sql"
            organization = "NULL" if place is None else f"'{place}'"
            path.write_text(SCRIPT.format(organization=organization, uuid=made).replace("\n", " "))
            scripts += ["-f", str(path)]
        done = subprocess.run(
            [
                _binary(),
                "-n",
                "-M",
                "prepared",
                "-c",
                str(CLIENTS),
                "-j",
                "2",
                "-T",
                str(SECONDS),
                *scripts,
            ],
            env={
                **os.environ,
                "PGHOST": url.hostname or "",
                "PGPORT": str(url.port),
                "PGUSER": url.username or "",
                "PGPASSWORD": url.password or "",
                "PGDATABASE": url.path.strip("/"),
                "PGOPTIONS": f"-c search_path={tenant.schema_name},public -c role={tenant.schema_name} "
                f"-c app.tenant_id={tenant.id}",
            },
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None
    return float(found[1])


def _binary() -> str:
    """Beside the server's own: of its release."""
    server = Postgres("local").binary()
    assert server is not None
    return str(server.with_name("pgbench"))


def _threads(
    tenant: Tenant, places: list[uuid.UUID | None], count: int = CLIENTS
) -> tuple[float, list[float]]:
    until_s = time.perf_counter() + SECONDS
    samples: list[list[float]] = [[] for _ in range(count)]

    def client(number: int) -> None:
        with app_connection(), tenant_context(tenant):
            samples[number] = spend_until(until_s, places, number)
        connection.close()

    began_s = time.perf_counter()
    clients = [threading.Thread(target=client, args=(number,)) for number in range(count)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    took_s = time.perf_counter() - began_s
    every = [sample for of_client in samples for sample in of_client]
    return len(every) / took_s, every


def spend_until(until_s: float, places: list[uuid.UUID | None], number: int) -> list[float]:
    """How long each debit took, in seconds."""
    samples = []
    while (began_s := time.perf_counter()) < until_s:
        place = places[(len(samples) * 7 + number * 13) % len(places)]
        credits_debit(
            actor=ACTOR,
            operation=OPERATION,
            amount_microcredits=1,
            organization_id=place,
            idempotency_key=uuid.uuid4().hex,
        )
        samples.append(time.perf_counter() - began_s)
    return samples


def _processes(places: list[uuid.UUID | None]) -> float:
    """As many processes, which begin together when all of them are there."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.debits_client",
        ",".join(str(one or "") for one in places),
    ]
    running = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(CLIENTS)
    ]
    for one in running:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"  # noqa: PT018
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    return sum(float(one.communicate()[0]) for one in running) / SECONDS
