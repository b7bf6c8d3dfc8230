"""Migrating all tenants: nothing to do, a column more, and kills in the middle of it; against the stock.

`manage.py migrate_tenants` is run as operators do, as a process: its times have the start of Python in them.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from django.db import connection

from apps.tenants.fleet.lock import RUN_LOCK
from apps.tenants.models import MigrationRun, Tenant
from apps.tenants.schemas import TEMPLATE
from benchmarks.fleet_fill import fill_schemas_up_to
from benchmarks.world import figure, ms

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "manage.py", "migrate_tenants", "--json"]
NEXT = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings_next"}
MARK, COLUMN = "next_member_nickname", "nickname"
RUNS, SAMPLE, KILLS = 5, 20, 10


def run(tenants: int) -> None:
    fill_schemas_up_to(tenants)
    # As much as there would be on a server that has been running for a while.
    _execute("ANALYZE")
    idle_s = [_command()[0] for _ in range(RUNS + 1)][1:]  # the first compiles
    start_s = [_start() for _ in range(RUNS)]
    figure(f"migrate_tenants, nothing to do, {tenants} tenants", _s(idle_s), "to reach: 2 s")
    figure("  of it the start of Python and Django", _s(start_s), f"p50 of {RUNS}, as the others")

    column_s, inner_s = [], []
    for _ in range(RUNS):
        _set_back()
        took_s, report = _command(**NEXT)
        _check(tenants, report)
        column_s.append(took_s)
        inner_s.append(report["seconds"])
    figure(f"a column more in {tenants} tenants", _s(column_s), "to reach: 4 s")
    figure("  without the start of Python and Django", _s(inner_s))

    _set_back()
    stock_s, stock_idle_s = _stock()
    per_tenant_s = statistics.median(column_s) / tenants
    _against("  a tenant, against stock migrate_schemas", per_tenant_s, stock_s, "to reach: 100x")
    _against(
        "  with nothing to do", statistics.median(idle_s) / tenants, stock_idle_s, f"{SAMPLE} tenants"
    )  # fmt: skip
    for jobs in (1, 2, 4, 8):
        _set_back()
        report = _command("--jobs", str(jobs), **NEXT)[1]
        figure(f"  --jobs {jobs}", f"{report['seconds']:.2f} s", "without the start; one run")
    _kills(tenants, statistics.median(inner_s))


def _command(*arguments: str, **env: str) -> tuple[float, dict]:
    began_s = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=_env(env), capture_output=True, text=True, check=False
    )
    took_s = time.perf_counter() - began_s
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return took_s, json.loads(done.stdout)


def _start() -> float:
    began_s = time.perf_counter()
    script = "import django; django.setup()"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=_env({}), check=True)
    return time.perf_counter() - began_s


def _env(changes: dict[str, str]) -> dict[str, str]:
    """With compiled modules, as an installation has them."""
    kept = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": os.environ["WRAPPER_STATE_DIR"] + "/pycache"} | changes


def _stock() -> tuple[list[float], list[float]]:
    found = Tenant.objects.filter(slug__startswith="fleet-").order_by("-created_at")[:SAMPLE]
    sample = [tenant.schema_name for tenant in found]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fleet_stock", *sample],
        cwd=ROOT, env=_env(NEXT), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    changed = _value(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attname = '{COLUMN}' "
        f"AND n.nspname = ANY('{{{','.join(sample)}}}')"
    )
    if changed != SAMPLE:
        raise RuntimeError(f"the stock command migrated {changed} of {SAMPLE}: {done.stdout}")
    changed_s, idle_s = json.loads(done.stdout)
    return changed_s, idle_s


def _kills(tenants: int, whole_s: float) -> None:
    """SIGKILL at moments spread over the work, then --resume."""
    interrupted, resumed_s = [], []
    for number in range(KILLS):
        _set_back()
        process = subprocess.Popen(
            COMMAND, cwd=ROOT, env=_env(NEXT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not _value(f"SELECT count(*) FROM pg_locks WHERE objid = {RUN_LOCK} AND granted"):
            time.sleep(0.005)
        time.sleep(whole_s * (number + 0.5) / KILLS)
        process.send_signal(signal.SIGKILL)
        process.wait()
        run = MigrationRun.objects.first()
        done = run.targets.filter(status="done").count() if run else 0
        interrupted.append(done)
        if run is None or run.status != "done":
            took_s, report = _command(*(["--resume"] if run else []), **NEXT)
            resumed_s.append(took_s)
            _check(tenants, report)
    figure(f"kill -9, {KILLS} times, then resumed: all at one version", f"{KILLS} of {KILLS}",
           f"killed after {', '.join(map(str, interrupted))} of {tenants + 1}")  # fmt: skip
    figure("  the resuming command", _s(resumed_s), f"p50 of {len(resumed_s)}")


def _check(tenants: int, report: dict) -> None:
    """Every schema has column and mark once, and the manifest is whole."""
    schemas = tenants + 1
    columns = _value(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        f"WHERE a.attname = '{COLUMN}' AND c.relname = 'organizations_member'"
    )
    marks = sum(
        _value(f"SELECT count(*) FROM \"{name}\".django_migrations WHERE name = '{MARK}'")
        for name in _schemas()
    )
    run = MigrationRun.objects.get()
    targets = run.targets.filter(status="done").count()
    found = (columns, marks, targets, run.targets.count(), run.status)
    if found != (schemas, schemas, schemas, schemas, "done"):
        raise RuntimeError(f"not at one version: {found}, {report}")


def _set_back() -> None:
    """To the version before, and no runs."""
    _execute("SET synchronous_commit = off")
    for name in _schemas():
        _execute(
            f'ALTER TABLE "{name}".organizations_member DROP COLUMN IF EXISTS {COLUMN};'
            f"DELETE FROM \"{name}\".django_migrations WHERE name = '{MARK}'"
        )
    _execute("RESET synchronous_commit")
    MigrationRun.objects.all().delete()
    # What this left behind is not the run's to clear up.
    _execute("VACUUM ANALYZE pg_attribute")
    _execute("CHECKPOINT")


def _schemas() -> list[str]:
    return [TEMPLATE, *Tenant.objects.values_list("schema_name", flat=True)]


def _against(name: str, own_s: float, stock_s: list[float], note: str) -> None:
    middle_s = statistics.median(stock_s)
    figure(name, f"{middle_s / own_s:.0f}x", f"{own_s * 1000:.2f} ms, {ms(stock_s)}; {note}")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _value(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _s(samples_s: list[float]) -> str:
    return f"{statistics.median(samples_s):.2f} s" if samples_s else "-"
