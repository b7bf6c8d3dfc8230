"""A flood of twice what a web process can answer, with load shedding and without: who is answered, and when.

`python -m benchmarks.shedding`. A request takes SERVICE_S in one of four threads, waiting rather than
reckoning, so that the figures are of the queue and not of the machine. It comes from a client that does not
wait for answers, and says when it was sent, as the proxy in front does. Served by granian with the options of
the Procfile.
"""

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
THREADS, SERVICE_S = 4, 0.01
SECONDS, FACTOR = 8, 2.0
# One in so many signs in, one in so many opens a page; the rest are reads by programs.
PATHS = ("/accounts/login/", "/members/", *("/api/v1/members/",) * 8)
GIVE_UP_S = 5.0


def _serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    time.sleep(SERVICE_S)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@cache
def _shedding() -> Any:
    settings.configure(
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.locmem.Loader",
                            {"errors/maintenance.html": "<h1>Back shortly</h1>"},
                        )
                    ]
                },
            }
        ]
    )
    django.setup()
    from apps.common.shedding import LoadShedding

    return LoadShedding(_serve, int(os.environ["BENCH_TARGET_MS"]))


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """For granian, in its process."""
    answer: Iterable[bytes] = _shedding()(environ, start_response)
    return answer


@dataclass(frozen=True)
class Seen:
    path: str
    status: int
    took_s: float


async def _one(port: int, path: str) -> Seen:
    began_s = time.monotonic()

    async def ask() -> int:
        at = time.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"X-Request-Start: t={at:.3f}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.read()
            return int(head.split(b" ", 2)[1])
        finally:
            writer.close()

    try:
        status = await asyncio.wait_for(ask(), GIVE_UP_S)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        status = 0
    return Seen(path, status, time.monotonic() - began_s)


async def _flood(port: int, per_s: float) -> list[Seen]:
    """Open loop: the next one is sent when it is due, whatever became of those before."""
    began_s, waiting = time.monotonic(), []
    for number in range(int(per_s * SECONDS)):
        await asyncio.sleep(max(began_s + number / per_s - time.monotonic(), 0))
        waiting.append(asyncio.create_task(_one(port, PATHS[number % len(PATHS)])))
    return list(await asyncio.gather(*waiting))


def _run(target_ms: int) -> list[Seen]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(str(Path(sys.executable).with_name("granian")), "--interface", "wsgi"),
        *("benchmarks.shedding:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(THREADS), "--backlog", "256"),
        *("--backpressure", "64", "--log-level", "error"),
    ]
    server = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "BENCH_TARGET_MS": str(target_ms)}
    )
    try:
        for _ in range(200):
            if asyncio.run(_one(port, "/health/live/")).status == 200:
                break
            time.sleep(0.05)
        return asyncio.run(_flood(port, FACTOR * THREADS / SERVICE_S))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)


def _percentile(found: list[float], share: float) -> float:
    return sorted(found)[min(int(len(found) * share), len(found) - 1)] if found else float("nan")


def run() -> None:
    for name, target_ms in (("without", 0), ("with", 200)):
        seen = _run(target_ms)
        for path in dict.fromkeys(PATHS):
            of_it = [one for one in seen if one.path == path]
            served = [one.took_s for one in of_it if one.status == 200]
            refused = [one.took_s for one in of_it if one.status == 503]
            lost = sum(one.status not in (200, 503) for one in of_it)
            middle = statistics.median(served) if served else float("nan")
            print(
                f"{name:8} {path:18} sent {len(of_it):5}  served {len(served):5}  "
                f"refused {len(refused):5}  lost {lost:5}  p50 {middle * 1000:6.0f} ms  "
                f"p99 {_percentile(served, 0.99) * 1000:6.0f} ms  "
                f"refused within {_percentile(refused, 0.99) * 1000:6.0f} ms"
            )


if __name__ == "__main__":
    run()
