"""What a thousand open sockets cost, and how soon they hear what they are told.

The server is a process of its own, as in production; the clients are another one, so that they do not take
turns with whoever tells.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO, cast

from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_start
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.live import live_topic, tell
from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from apps.organizations.services import member_join
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import ACTOR, figure, ms, person

ROOT = Path(__file__).resolve().parents[1]
SLUG = "acme"
PEOPLE, EACH = 100, 10
COUNT = PEOPLE * EACH
PER_S, MESSAGES = 100, 2000
FAN_OUTS = 20
IDLE_S = 60
# Everybody who listens hears of it: every member may see this topic.
EVERYBODY = live_topic("bench.everybody", permission=None)


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def rss_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the process is gone")

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(tenants: int) -> None:
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    people = [_member(tenant, number) for number in range(PEOPLE)]
    tokens = [
        token_session_start(person=one, tenant_id=None, user_agent="bench", ip=None).access
        for one in people
    ]
    with server() as serving:
        _warm_up(serving, tokens)
        before_mb, began_s = serving.rss_mb, time.perf_counter()
        with clients(serving.port, tokens) as heard:
            took_s = time.perf_counter() - began_s
            figure(f"{COUNT:,} sockets opened, each judged", f"{COUNT / took_s:,.0f}/s")
            _memory(serving, before_mb)
            _idle(serving)
            _at_a_rate(tenant, people, heard)
            _to_all(tenant, heard)


def _memory(serving: Server, before_mb: float) -> None:
    time.sleep(3)
    grown_kb = (serving.rss_mb - before_mb) * 1024 / COUNT
    figure(f"memory of each of {COUNT:,} idle sockets", f"{grown_kb:.1f} kB",
           f"the process {before_mb:.0f}, then {serving.rss_mb:.0f} MB")  # fmt: skip


def _idle(serving: Server) -> None:
    """With beats and pings, and judging each of them again within 45 s."""
    before_s, began_s = serving.cpu_s, time.perf_counter()
    time.sleep(IDLE_S)
    share = (serving.cpu_s - before_s) / (time.perf_counter() - began_s)
    figure(f"CPU of {COUNT:,} idle sockets", f"{share:.1%}", "of one core")


def _at_a_rate(tenant: Tenant, people: list[Person], heard: SimpleQueue[float]) -> None:
    """Each message to one person, who hears it by all of theirs."""
    due_s = time.time()
    for n in range(MESSAGES):
        due_s += 1 / PER_S
        time.sleep(max(0.0, due_s - time.time()))
        data = {"at": time.time()}
        tell(tenant_id=tenant.id, to=people[n % PEOPLE].id, kind="bench.told", data=data)
    samples = _delays(heard, MESSAGES * EACH)
    figure(
        f"told to heard, {PER_S} messages/s, {COUNT:,} sockets, p50",
        ms(samples),
        f"p95 {ms(samples, 0.95)}, p99 {ms(samples, 0.99)}; to reach: p95 150 ms",
    )


def _to_all(tenant: Tenant, heard: SimpleQueue[float]) -> None:
    """One message for everybody, again and again: when the last one has it."""
    samples = []
    for _ in range(FAN_OUTS):
        tell(tenant_id=tenant.id, to=EVERYBODY, data={"at": time.time()})
        samples.append(max(_delays(heard, COUNT)))
    figure(f"one message to {COUNT:,} sockets, until the last has it", ms(samples), "p50")


def _delays(heard: SimpleQueue[float], count: int) -> list[float]:
    """Seconds from telling to hearing. Raises queue.Empty when one does not come."""
    return [heard.get(timeout=60) for _ in range(count)]


def _read(lines: IO[str], heard: SimpleQueue[float]) -> None:
    """All the time: a pipe that is full would hold up who listens."""
    for line in lines:
        heard.put(float(line))


@system_connection()
def _member(tenant: Tenant, number: int) -> Person:
    found = person(f"listener-{number}@acme.test")
    with tenant_context(tenant), system_connection():
        root = Organization.objects.get(depth=1)
        member_join(
            actor=cast(Actor, ACTOR),
            person=found,
            organization=root,
            roles=[role_by_code("member")],
        )
    return found


def _warm_up(serving: Server, tokens: list[str]) -> None:
    """What the first connections load and remember is not theirs."""
    with clients(serving.port, tokens[:20]):
        time.sleep(1)


@contextmanager
def server() -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.realtime_process", "serve", str(port)],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "ERROR"},
    )
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def clients(port: int, tokens: list[str]) -> Iterator[SimpleQueue[float]]:
    """All of them, open; a line for each message that one hears."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.realtime_process", "listen", str(port), str(EACH)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(tokens) + "\n")
    process.stdin.flush()
    try:
        if process.stdout.readline().strip() != "open":
            raise RuntimeError("not all sockets were opened")
        heard: SimpleQueue[float] = SimpleQueue()
        threading.Thread(target=_read, args=[process.stdout, heard], daemon=True).start()
        yield heard
    finally:
        process.kill()
        process.wait(30)
        process.stdin.close()
