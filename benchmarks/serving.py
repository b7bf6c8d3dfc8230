"""A real web process that serves many tenants: latency, and memory of it and of PostgreSQL's processes."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from apps.accounts.token_sessions import token_session_start
from apps.tenants.models import Tenant
from benchmarks.world import figure, fill_up_to, person

ROOT = Path(__file__).resolve().parents[1]
PATH = "/api/v1/members/"
THREADS = 4
REQUESTS = 2000


@dataclass
class Web:
    process: subprocess.Popen[bytes]
    port: int
    token: str

    def get(self, slug: str, client: http.client.HTTPConnection) -> float:
        """Seconds that the list took. Raises RuntimeError for any other answer than 200."""
        headers = {"Host": f"{slug}.localhost", "Authorization": f"Bearer {self.token}"}
        began_s = time.perf_counter()
        client.request("GET", PATH, headers=headers)
        answer = client.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{slug}: {answer.status} {body!r}")
        return time.perf_counter() - began_s

    def serve(self, slugs: list[str], requests: int) -> list[float]:
        """One client, the tenants in turn."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        took_s = [self.get(slugs[n % len(slugs)], client) for n in range(requests)]
        client.close()
        return took_s

    def memory_mb(self) -> float:
        """Of granian's worker, the process that answers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return max(private_mb(int(pid)) for pid in children.read_text().split())


def run(tenants: int) -> None:
    owner = person("bench@platform.test")
    few: dict[int, float] = {}
    for count in sorted({10, 100, tenants}):
        fill_up_to(count)
        slugs = _slugs()
        with web() as server:
            server.serve(slugs[:10], 200)
            few[count] = statistics.median(server.serve(slugs[:10], REQUESTS))
            every = statistics.median(server.serve(slugs, max(REQUESTS, 2 * len(slugs))))
        figure(f"GET {PATH}, ten tenants of {count} in turn", f"{few[count] * 1e3:.2f} ms", "p50")
        figure("  all of them in turn", f"{every * 1e3:.2f} ms", "p50: each is cold again")
    figure("  ten of many against ten of ten", f"{few[tenants] / few[10]:.2f}x", "to reach: 1.2x")
    _memory(_slugs(), "50")
    _memory(_slugs(), "0")
    assert owner.pk


def _memory(slugs: list[str], limit: str) -> None:
    """Of a fresh process and its backends after ten tenants, and after all of them."""
    with web(DATABASE_TENANTS_PER_CONNECTION=limit) as server:
        server.serve(slugs[:10], 400)
        backend, process = max(backends_mb()), server.memory_mb()
        highest, took_s = 0.0, []
        for start in range(0, len(slugs), 25):
            part = slugs[start : start + 25]
            took_s += server.serve(part, 2 * len(part))
            highest = max([highest, *backends_mb()])
        after = server.memory_mb()
    name = f"at most {limit} tenants a connection" if limit != "0" else "without a bound"
    figure(f"PostgreSQL's process after 10 tenants, {name}", f"{backend:.1f} MB", "largest")
    figure(f"  at its largest while serving {len(slugs)}", f"{highest:.1f} MB",
           f"{highest / backend:.2f}x; to reach: 3x")  # fmt: skip
    figure("  what a request to a new tenant takes meanwhile",
           f"{statistics.median(took_s) * 1e3:.2f} ms", "p50")  # fmt: skip
    figure("  web process, after 10 and after all", f"{process:.1f}, {after:.1f} MB",
           f"{after / process:.2f}x; to reach: 1.3x")  # fmt: skip


def _slugs() -> list[str]:
    return list(
        Tenant.objects.filter(slug__startswith="bench-")
        .order_by("id")
        .values_list("slug", flat=True)
    )


@contextmanager
def web(**env: str) -> Iterator[Web]:
    """One granian process with four threads, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    granian = str(Path(sys.executable).with_name("granian"))
    pair = token_session_start(
        person=person("bench@platform.test"), tenant_id=None, user_agent="bench", ip=None
    )
    process = subprocess.Popen(
        [
            *(granian, "--interface", "wsgi", "config.wsgi:application", "--workers", "1"),
            *("--host", "127.0.0.1", "--port", str(port), "--blocking-threads", str(THREADS)),
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "PUBLIC_URL": settings.PUBLIC_URL,
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings_gateway",
            **env,
        },
        stdout=subprocess.DEVNULL,
    )
    server = Web(process, port, pair.access)
    try:
        _wait(port)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", "/health/live/")
            if client.getresponse().status == 200:
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def backends_mb() -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'wrapper_app'")
        return [private_mb(pid) for (pid,) in cursor.fetchall()] or [0.0]


def private_mb(pid: int) -> float:
    """Memory that is this process's alone: not the shared buffers, not what it shares since the fork."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    kb = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
    return (int(kb["Private_Dirty"]) + int(kb["Private_Clean"])) / 1024
