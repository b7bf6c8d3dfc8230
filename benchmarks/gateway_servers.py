"""The servers that `benchmarks.gateway` compares: started on one core, asked by wrk from the other."""

import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from apps.accounts import keys, tokens
from apps.common import embedded
from apps.common.access import expand, of_system_role, permissions
from apps.organizations.permissions import VIEW_MEMBER
from apps.roles.services.system_roles import SYSTEM_ROLES

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "benchmarks" / "peer"
REPORT = ROOT / "benchmarks" / "wrk_report.lua"
SERVER_CORE, OTHER_CORE = 0, 1
EVERY_CORE = os.sched_getaffinity(0)
# The limiter counts each request and never refuses one.
UNREACHED = "1000000000"
WARM_S = 1.0
RECIPE = {
    "taskset": "apt-get install util-linux",
    "wrk": "apt-get install wrk",
    "node": "apt-get install nodejs npm (20 or newer)",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """requests a second, latencies in milliseconds, the server's CPU in microseconds a request."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Server:
    """A process with its children. core: the only one that they run on; None: any."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    core: int | None

    def get(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            client.request("GET", path, headers=dict(headers))
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def load(
        self,
        path: str,
        headers: Mapping[str, str],
        *,
        clients: int,
        for_s: float,
        status: int = 200,
    ) -> Sample:
        """Ask as often as the server answers. Raises RuntimeError for an answer of another status."""
        given = self.get(path, headers)[0]
        if given != status:
            raise RuntimeError(f"{self.name}: {path} answers {given} instead of {status}")
        wrk(self.port, path, headers, clients=clients, for_s=WARM_S, core=self._clients_core)
        # Behind what the warming up left in its queue.
        self.get(path, headers)
        began_s = self.cpu_s()
        said = wrk(self.port, path, headers, clients=clients, for_s=for_s, core=self._clients_core)
        spent_s = self.cpu_s() - began_s
        refused = 0 if status == 200 else said["requests"]
        if said["failed"] or not said["requests"] or said["refused"] != refused:
            raise RuntimeError(f"{self.name}: {path}: {said}")
        return Sample(
            rate=said["requests"] / said["took_us"] * 1e6,
            p50_ms=said["p50_us"] / 1e3,
            p99_ms=said["p99_us"] / 1e3,
            cpu_us=spent_s / said["requests"] * 1e6,
        )

    @property
    def _clients_core(self) -> int | None:
        return None if self.core is None else OTHER_CORE

    def processes(self) -> list[int]:
        return list(_tree(self.process.pid))

    def cpu_s(self) -> float:
        """What it and its children have used so far, in user and system mode."""
        return sum(_cpu_s(pid) for pid in self.processes())


def require_tools() -> None:
    """Raises SystemExit, which says how to get what is missing."""
    missing = [how for tool, how in RECIPE.items() if shutil.which(tool) is None]
    if not (PEER / "node_modules").is_dir():
        missing.append("npm ci --prefix benchmarks/peer")
    if missing:
        raise SystemExit(
            "The gateway's figures need tools that are not here:\n" + "\n".join(missing)
        )


def wrk(
    port: int,
    path: str,
    headers: Mapping[str, str],
    *,
    clients: int,
    for_s: float,
    core: int | None,
) -> dict[str, int]:
    """Counts of one run: `requests`, `took_us`, `p50_us`, `p99_us`, `refused`, `failed`."""
    words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        [
            *pinned(core),
            *(
                "wrk",
                "-t1",
                f"-c{clients}",
                f"-d{max(1, round(for_s))}s",
                "--timeout",
                "10s",
                "-s",
                str(REPORT),
            ),
            *(*words, f"http://127.0.0.1:{port}{path}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return said


@contextmanager
def platform(
    name: str, env: Mapping[str, str], *, workers: int = 1, core: int | None = SERVER_CORE
) -> Iterator[Server]:
    """The platform as the Procfile runs it, with these settings."""
    port = _free_port()
    line = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line[:4] == "web:")
    words = shlex.split(line.removeprefix("web:").replace("$PORT", str(port)))
    words[words.index("--workers") + 1] = str(workers)
    words[0] = str(Path(sys.executable).with_name(words[0]))
    given = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings_gateway",
        "PUBLIC_URL": settings.PUBLIC_URL,
        "API_REQUESTS_PER_15_MINUTES": UNREACHED,
        "API_REQUESTS_PER_15_MINUTES_BY_ADDRESS": UNREACHED,
        **env,
    }
    with _running(name, words, port=port, core=core, env=given, folder=ROOT) as server:
        yield server


@contextmanager
def peer(variant: str, *, workers: int = 1, core: int | None = SERVER_CORE) -> Iterator[Server]:
    """The Fastify server of benchmarks/peer in one of its variants."""
    port = _free_port()
    key_set = keys.key_set()
    pem = key_set.public_keys[key_set.kid].public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    given = {
        "NODE_ENV": "production",
        "PEER_VARIANT": variant,
        "PEER_PORT": str(port),
        "PEER_WORKERS": str(workers),
        "PEER_DATABASE_URL": settings.DATABASE_URL,
        "PEER_REDIS_URL": settings.REDIS_URL,
        "PEER_BASE_DOMAIN": settings.BASE_DOMAIN,
        "PEER_JWT_KEY": pem.decode(),
        "PEER_JWT_ISSUER": settings.PUBLIC_URL,
        "PEER_JWT_AUDIENCE": tokens.AUDIENCE,
        "PEER_REQUESTS_PER_15_MINUTES": UNREACHED,
        "PEER_SYSTEM_ROLES": ",".join(
            code for code in SYSTEM_ROLES if VIEW_MEMBER in of_system_role(code)
        ),
        "PEER_PERMISSIONS": ",".join(
            code for code in permissions() if VIEW_MEMBER in expand([code])
        ),
    }
    with _running(
        variant, ["node", "server.js"], port=port, core=core, env=given, folder=PEER
    ) as server:
        yield server


@contextmanager
def _running(
    name: str,
    words: list[str],
    *,
    port: int,
    core: int | None,
    env: Mapping[str, str],
    folder: Path,
) -> Iterator[Server]:
    with embedded.log_path(f"gateway-{name}").open("ab") as log:
        process = subprocess.Popen(
            [*pinned(core), *words],
            cwd=folder,
            env=os.environ | dict(env),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(name, process, port, core)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 60
    while True:
        if server.process.poll() is not None:
            log = embedded.log_path(f"gateway-{server.name}").read_text()
            raise RuntimeError(f"{server.name} ended:\n{log[-2000:]}")
        try:
            server.get("/health/live/", {})
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- Cores --------------------------------------------------------------------------------------------


def pinned(core: int | None) -> list[str]:
    """Words before a command."""
    return [] if core is None else ["taskset", "-c", str(core)]


@contextmanager
def stores_pinned() -> Iterator[None]:
    """PostgreSQL and Valkey beside the clients, so that the server has its core for itself."""
    _pin_stores({OTHER_CORE})
    try:
        yield
    finally:
        _pin_stores(EVERY_CORE)


def _pin_stores(cores: Iterable[int]) -> None:
    for service in embedded.status():
        if service.pid is None:
            raise RuntimeError(f"{service.name} does not run here, so nobody can say where it runs")
        for pid in _tree(service.pid):
            for thread in _numbers(Path(f"/proc/{pid}/task")):
                try:
                    os.sched_setaffinity(thread, cores)
                except ProcessLookupError:
                    continue  # it has ended meanwhile


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for thread in _numbers(Path(f"/proc/{pid}/task")):
        try:
            children = Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
        except FileNotFoundError:
            continue
        for child in children:
            yield from _tree(int(child))


def _numbers(folder: Path) -> list[int]:
    try:
        return [int(entry.name) for entry in folder.iterdir()]
    except FileNotFoundError:
        return []


def _cpu_s(pid: int) -> float:
    # The name, in brackets, may have spaces; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
    fields: list[Any] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
