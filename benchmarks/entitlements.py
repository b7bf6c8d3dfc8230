"""The gate: a check when warm, when the process knows nothing, and where rows are counted; metered uses."""

import statistics
import threading
import time
from collections.abc import Callable

from django.db import connection, connections, transaction

from apps.billing import source
from apps.billing.selectors import version_of
from apps.billing.services import override_set, plan_assign
from apps.common import entitlements
from apps.common.entitlements import Granted
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import ACTOR, figure

CALLS, THREADS = 3000, 4
SSO, KEYS, EXPORTS = "accounts.single_sign_on", "roles.api_keys", "tenants.exports"


def run(tenants: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    plan_assign(actor=ACTOR, tenant_id=acme.id, plan_version_id=version_of("business").id)
    many = Granted(10**9)
    for code in (KEYS, EXPORTS):
        override_set(actor=ACTOR, tenant_id=acme.id, code=code, granted=many, reason="Benchmark")

    def cold() -> None:
        source._entries.clear()
        entitlements.check(acme, SSO)

    def counted() -> None:
        with transaction.atomic():
            entitlements.check(acme, KEYS)

    def recorded() -> None:
        with transaction.atomic():
            entitlements.record(acme, EXPORTS, key=str(uuid7()))

    with tenant_context(acme):
        for name, act, calls in (
            ("check of a boolean, warm", lambda: entitlements.check(acme, SSO), CALLS),
            ("the same, where the process knows nothing", cold, CALLS // 3),
            ("check of a limit, with its transaction", counted, CALLS // 3),
            ("a metered use recorded, with its transaction", recorded, CALLS // 3),
        ):
            act()
            rate, p50_us, cpu_us = _rate(act, calls)
            figure(name, f"{rate:,.0f}/s", f"p50 {p50_us:,.0f} µs, of it CPU {cpu_us:,.0f} µs")

    def in_thread() -> None:
        try:
            with tenant_context(acme):
                for _ in range(CALLS // 10):
                    recorded()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=in_thread) for _ in range(THREADS)]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began_s
    figure(
        f"metered uses of one tenant, {THREADS} threads",
        f"{THREADS * (CALLS // 10) / took_s:,.0f}/s",
        "they wait for each other",
    )
    connection.close()


def _rate(act: Callable[[], object], calls: int) -> tuple[float, float, float]:
    """Calls a second; the median of one in microseconds, and of its thread's CPU."""
    times, cpu = [], []
    for _ in range(calls):
        began_s, began_cpu_s = time.perf_counter(), time.thread_time()
        act()
        times.append(time.perf_counter() - began_s)
        cpu.append(time.thread_time() - began_cpu_s)
    return calls / sum(times), statistics.median(times) * 1e6, statistics.median(cpu) * 1e6
