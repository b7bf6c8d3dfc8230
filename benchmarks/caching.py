"""The cache helper: a hit against a bare GET of the same value, a stampede, and what a request gains."""

import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.core.cache import caches

from apps.common.caching import Namespace
from apps.common.tenancy import tenant_context
from apps.tenants.caches import tenant_of_host
from apps.tenants.selectors import tenant_by_host, tenant_by_slug
from benchmarks.world import figure

VALUE = {"n_members": 1234, "n_joined": 5, "n_pending": 6, "n_organizations": 78}
CALLERS, ROUNDS = 50, 3000
FIGURES = Namespace("benchmarks.figures", ttl_s=600)


def run(tenants: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    client = caches["global"]._cache.get_client()  # type: ignore[attr-defined]
    client.set("benchmarks:bare", pickle.dumps(VALUE))
    with tenant_context(acme):
        FIGURES.get("x", lambda: VALUE)
        pairs = [
            (
                _time_us(lambda: pickle.loads(client.get("benchmarks:bare"))),
                _time_us(lambda: FIGURES.get("x", lambda: VALUE)),
            )
            for _ in range(5)
        ]
    bare_us, kept_us = (sorted(times)[2] for times in zip(*pairs, strict=True))
    figure(
        "a hit in the cache, against a bare GET",
        f"{kept_us / bare_us:.2f}x",
        f"{kept_us:.0f} µs and {bare_us:.0f} µs, medians of 5 times {ROUNDS:,}",
    )

    host = f"{acme.slug}.localhost"
    tenant_of_host(host)
    asked_us = _time_us(lambda: tenant_by_host(host))
    known_us = _time_us(lambda: tenant_of_host(host))
    figure(
        "the tenant of a host, from the cache, against the database",
        f"{known_us / asked_us:.2f}x",
        f"{known_us:.0f} µs and {asked_us:.0f} µs",
    )

    loads: list[int] = []
    ready = threading.Barrier(CALLERS)

    def load() -> int:
        loads.append(1)
        time.sleep(0.05)
        return 1

    def ask(_number: int) -> float:
        with tenant_context(acme):
            ready.wait()
            began_s = time.perf_counter()
            FIGURES.get("stampede", load)
            return time.perf_counter() - began_s

    with ThreadPoolExecutor(CALLERS) as pool:
        slowest_s = max(pool.map(ask, range(CALLERS)))
    figure(
        f"loads, when {CALLERS} miss at once",
        f"{len(loads)}",
        f"the last has it after {slowest_s * 1000:.0f} ms; loading takes 50 ms",
    )


def _time_us(act: object) -> float:
    began_s = time.perf_counter()
    for _ in range(ROUNDS):
        act()  # type: ignore[operator]
    return (time.perf_counter() - began_s) / ROUNDS * 1e6
