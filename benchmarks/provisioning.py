"""Creating tenants: the clone against the migrations, and the whole way from queue to ready."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction

from apps.common.database import system_connection
from apps.tenants import schemas
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_create
from benchmarks.world import ACTOR, figure, fill_up_to, ms, person

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = (
    ["celery", "-A", "config", "worker", "--loglevel", "ERROR", "--concurrency", "2"],
    ["python", "manage.py", "events", "relay"],
)


@system_connection()
def run(tenants: int) -> None:
    migrated = _time(_migrate, 5)
    for count in (10, tenants):
        fill_up_to(count)
        cloned = _time(schemas.schema_create, 15)
        figure(f"schema cloned from the template, {count} tenants there", ms(cloned), "p50 of 15")
    figure("the same by running the migrations (the floor to beat)", ms(migrated), "p50 of 5")
    _queue_to_ready(40)


def _migrate(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{name}"')
    schemas.schema_migrate(name)


def _time(make: Callable[[str], object], runs: int) -> list[float]:
    took_s = []
    for _ in range(runs):
        name = f"t_bench_{uuid.uuid4().hex[:12]}"
        began_s = time.perf_counter()
        with transaction.atomic():
            make(name)
        took_s.append(time.perf_counter() - began_s)
        schemas.schema_drop(name)
    return took_s


def _queue_to_ready(runs: int) -> None:
    """Real worker and relay processes; time from the commit of the request to the state `ready`."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
        for command in PROCESSES
    ]
    try:
        owner = person("queue@platform.test")
        _create_and_wait(owner.id, "warm-up", 60)
        took_s = [_create_and_wait(owner.id, f"queue-{n}", 30) for n in range(runs)]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
    figure("tenant from queue to ready, worker and relay running", ms(took_s), f"p50 of {runs}")
    figure("", ms(took_s, 0.95), "p95")


def _create_and_wait(owner_id: uuid.UUID, slug: str, timeout_s: float) -> float:
    tenant = tenant_create(actor=ACTOR, name=slug, slug=slug, owner_person_id=owner_id)
    began_s = time.perf_counter()
    while time.perf_counter() - began_s < timeout_s:
        if Tenant.objects.filter(id=tenant.id, status=TenantStatus.READY).exists():
            return time.perf_counter() - began_s
        time.sleep(0.005)
    raise TimeoutError(f"{slug} was not ready in {timeout_s} s")
