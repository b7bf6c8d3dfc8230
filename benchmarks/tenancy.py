"""Entering a tenant, making one from the template, and taking one from the pool."""

import statistics
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.core.management import call_command
from django.db import connection, transaction

from apps.common.tenancy import TenantRef, tenant_context
from apps.tenants import schemas
from apps.tenants.models import Tenant
from apps.tenants.pool import pool_claim, pool_refill
from apps.tenants.roles import tenant_role_create, tenant_role_drop
from apps.tenants.services import tenant_create
from benchmarks.world import ACTOR, figure, fill_up_to, ms, person

CLAIMS = 100


def run(tenants: int) -> None:
    made = {}
    for count in (10, tenants):
        fill_up_to(count)
        made[count] = _time(_clone, 30)
        figure(
            f"schema and role from the template, {count} tenants there",
            ms(made[count]),
            "p50 of 30",
        )
    few, many = (statistics.median(made[count]) for count in (10, tenants))
    figure("  with many against with few", f"{many / few:.2f}x", "to reach: 1.3x")
    own, stock = _time(_migrate, 7), _time(_migrate_stock, 3)
    figure("the same by Django's executor (schema_migrate)", ms(own), "p50 of 7")
    figure("the same by django-tenants' migrate_schemas", ms(stock), "p50 of 3")
    figure("  executor, stock, against the clone", f"{statistics.median(own) / many:.1f}x, "
           f"{statistics.median(stock) / many:.1f}x", "to reach: 8x")  # fmt: skip
    _claims()
    refs = [tenant.ref for tenant in Tenant.objects.order_by("id")[:100]]
    # A thread begins as the app, like one that serves requests.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_entering, refs, tenants).result()


def _clone(name: str) -> None:
    with transaction.atomic():
        if schemas.schema_create(name) != "clone":
            raise RuntimeError("the template was not cloned")
        tenant_role_create(name)


def _migrate(name: str) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{name}"')
        schemas.schema_migrate(name)


def _migrate_stock(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{name}"')
    with tenant_context(None):
        call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)
    connection.set_schema_to_public()


def _time(make: Callable[[str], None], runs: int) -> list[float]:
    took_s = []
    connection.close()
    for _ in range(runs):
        name = f"t_bench_{uuid.uuid4().hex[:12]}"
        began_s = time.perf_counter()
        make(name)
        took_s.append(time.perf_counter() - began_s)
        schemas.schema_drop(name)
        tenant_role_drop(name)
    return took_s


def _claims() -> None:
    """Commits and all: the claim alone, and the service with the rows of tenant, domain, history, event."""
    from django.conf import settings

    owner = person("pool@platform.test")
    settings.TENANT_POOL_SIZE = 2 * CLAIMS
    pool_refill()
    alone, whole = [], []
    for number in range(CLAIMS):
        began_s = time.perf_counter()
        with transaction.atomic():
            if not pool_claim(f"t_claim_{number}"):
                raise RuntimeError("the pool is empty")
        alone.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        tenant = tenant_create(
            actor=ACTOR, name="Pool", slug=f"pool-{number}", owner_person_id=owner.id
        )
        whole.append(time.perf_counter() - began_s)
        if not tenant.steps_done:
            raise RuntimeError("the pool is empty")
    settings.TENANT_POOL_SIZE = 0
    figure("taking a schema from the pool", ms(alone), f"p50 of {CLAIMS}")
    figure("  with the tenant's, domain's, history's and event's rows", ms(whole), "p50")
    figure("", ms(whole, 0.95), "p95; to reach: 10 ms")
    for number in range(CLAIMS):
        schemas.schema_drop(f"t_claim_{number}")
        tenant_role_drop(f"t_claim_{number}")
    for tenant in Tenant.objects.filter(slug__startswith="pool-"):
        schemas.schema_drop(tenant.schema_name)
        tenant_role_drop(tenant.schema_name)
        tenant.delete()


def _entering(refs: list[TenantRef], tenants: int) -> None:
    """SELECT 1 by the app's login: bare, in one tenant, and changing the tenant each time."""
    for ref in refs:
        _select_in(ref)  # the first time in a role costs a look at the catalogue
    samples: dict[str, list[float]] = {"bare": [], "same": [], "changing": []}
    for turn in range(3000):
        with tenant_context(refs[0]):
            _select()
            samples["same"].append(_took(_select))
        samples["changing"].append(_took(lambda t=turn: _select_in(refs[1 + t % 99])))
        _select()
        samples["bare"].append(_took(_select))
    connection.close()
    bare, same, changing = (statistics.median(samples[name]) for name in samples)
    figure(f"SELECT 1 without a tenant, {tenants} there", f"{bare * 1e6:.0f} µs", "the floor")
    figure("SELECT 1 in the tenant of before", f"{same * 1e6:.0f} µs", f"{same / bare:.2f}x")
    figure("SELECT 1 entering another tenant each time, 100 in turn", f"{changing * 1e6:.0f} µs",
           f"{changing / bare:.2f}x; to reach: 1.5x, no further round trip")  # fmt: skip


def _select_in(ref: TenantRef) -> None:
    with tenant_context(ref):
        _select()


def _select() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _took(act: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s
