"""`manage.py demo` as a person starts it: a process of its own, with data of its own."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S, STOP_TIMEOUT_S = 120.0, 40.0
# What the demo reads: nothing of the machine's own configuration may reach it.
CONFIGURATION = re.compile(
    r"(DATABASE|REDIS|DNS|CELERY|PUBLIC|SANDBOX|WRAPPER|DJANGO|PYTEST|EMAIL|SECRET|REALTIME|FRONT)_\w+"
    r"|BASE_DOMAIN|ALLOWED_HOSTS|DEBUG|LOG_LEVEL|PORT|DEFAULT_FROM_EMAIL"
)
LINK = re.compile(r"http://\S+")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    """headers: by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RunningDemo:
    """A demo from its start to READY, to its end."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp")))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)
    lines: Path = field(init=False)

    def __post_init__(self) -> None:
        # The servers run as another account when the tests run as root.
        self.folder.chmod(0o711)
        self.lines = self.folder / "demo.out"
        env = {name: value for name, value in os.environ.items() if not CONFIGURATION.match(name)}
        env |= {
            "WRAPPER_STATE_DIR": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "PYTHONUNBUFFERED": "1",
        }
        with self.lines.open("wb") as lines:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(self.port)],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def output(self) -> str:
        return self.lines.read_text(errors="replace")

    def workspace(self, slug: str, path: str = "/") -> str:
        return f"http://{slug}.localhost:{self.port}{path}"

    def wait_until_ready(self) -> None:
        wait(lambda: self._ended() or f"READY {self.url}" in self.output, READY_TIMEOUT_S)
        assert f"READY {self.url}" in self.output.splitlines(), self.output

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        if not self._ended():
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[tuple[int, str]]:
        """Every process of this demo but itself: what was started with its state folder."""
        marks = (f"WRAPPER_STATE_DIR={self.folder}".encode(), str(self.folder).encode())
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), self.process.pid):
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marks[0] in environment or marks[1] in command:
                found.append((int(entry.name), command.replace(b"\0", b" ").decode().strip()))
        return found

    def worker(self) -> tuple[int, list[int]]:
        """The Celery worker that the supervisor keeps: its process and those of its pool."""
        mine = children(self.process.pid)
        (parent,) = [pid for pid in mine if "-A config worker -n worker@" in command_of(pid)]
        return parent, children(parent)

    def request(
        self,
        path: str,
        *,
        slug: str = "",
        method: str = "GET",
        data: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Ask as a program does: by address, because not every resolver knows *.localhost."""
        host = f"{slug}.localhost" if slug else "localhost"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(
                method,
                path,
                json.dumps(data) if data is not None else None,
                {
                    "Host": f"{host}:{self.port}",
                    "Accept": "application/json",
                    "Content-Type": "application/json",
                    **(headers or {}),
                },
            )
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, received, answer.read())
        finally:
            connection.close()

    def token(self, email: str, password: str, slug: str) -> str:
        reply = self.request(
            "/api/v1/auth/token/",
            slug=slug,
            method="POST",
            data={"email": email, "password": password},
        )
        assert reply.status == 200, reply.body
        return str(reply.json()["access"])

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What the sandbox's inbox holds for an address, newest first."""
        found = self.request(f"/sandbox/inbox/?to={quote(to)}").json()["results"]
        assert all(to in mail["to"] for mail in found)
        return list(found)

    def link_for(self, to: str, *, containing: str, after: int = 0) -> str:
        """The link in the newest mail to an address, once more than `after` such mails came."""

        def links() -> Iterator[str]:
            for mail in self.mails(to):
                yield from (link for link in LINK.findall(mail["text"]) if containing in link)

        wait(lambda: len(list(links())) > after, 20)
        found = list(links())
        assert len(found) > after, f"no mail to {to} with {containing}: {self.mails(to)}"
        return found[0]


def wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
