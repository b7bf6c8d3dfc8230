"""What `manage.py demo` holds while it runs: its place, its port and its servers."""

import contextlib
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.common import embedded
from apps.common.embedded import ServiceError
from apps.common.embedded.process import candidate_ports, is_free, locked, wait_until

# Names of servers that this process started before it replaced itself by exec.
HANDED_OVER = "WRAPPER_DEMO_STARTED"
# How long the processes of a demo that was killed take to notice.
LEFTOVERS_TIMEOUT_S = 15.0
SERVER_RETRY_S = 10.0
HEALTH_PATH, HEALTH_TIMEOUT_S = "/health/ready/", 5.0
DNS_PORT = 1053


@dataclass
class DemoSession:
    """The one demo of a state folder. Servers that it started end with it; others go on."""

    port: int
    announce: Callable[[str], None]
    folder: Path = field(default_factory=embedded.state_folder)
    owned: set[str] = field(default_factory=set)
    # Of the sandbox's DNS server, on 127.0.0.1.
    dns_port: int = 0
    _retry_at_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def note(self) -> Path:
        """Outlives a demo that was killed, and tells the next one which servers were its."""
        return self.folder / "demo.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only demo, on a free port; stop the owned servers at the end.

        Raises ServiceError when another demo runs or another program has the port.
        """
        self.owned |= {use.name for use in embedded.in_use() if use.started_here}
        self.owned |= set(filter(None, os.environ.pop(HANDED_OVER, "").split(",")))
        embedded.make_state_folders()
        with contextlib.ExitStack() as stack:
            self._enter_only(stack)
            stack.callback(self._leave)
            killed_before = self._read_note()
            self.owned |= set(killed_before.get("owned", ()))
            self.dns_port = int(
                os.environ.get("SANDBOX_DNS_PORT")
                or next(candidate_ports(self.folder / "dns", killed_before.get("dns_port")))
            )
            self._write_note()
            self._require_port(LEFTOVERS_TIMEOUT_S if killed_before else 0)
            yield

    def reload_with_url(self) -> None:
        """Begin anew with PUBLIC_URL in the environment, for settings are loaded by now."""
        started = (use.name for use in embedded.in_use() if use.started_here)
        os.environ |= {"PUBLIC_URL": self.url, HANDED_OVER: ",".join(started)}
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606

    def mend_servers(self) -> None:
        """Restart a server that this demo uses and that somebody killed."""
        if time.monotonic() < self._retry_at_s:
            return
        for use in embedded.in_use():
            was_running = embedded.status([use.name], use.profile)[0].running
            try:
                embedded.start(use.name, use.profile)
            except ServiceError as error:
                self.announce(str(error))
                self._retry_at_s = time.monotonic() + SERVER_RETRY_S
                return
            if not was_running:
                self.owned.add(use.name)
                self._write_note()
                self.announce(f"{use.name} was gone and has been restarted")

    def is_ready(self) -> bool:
        """Ask the web process whether it and what it needs are ready."""
        # By address: not every resolver knows localhost, and the server listens on IPv4.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HEALTH_TIMEOUT_S)
        try:
            connection.request("GET", HEALTH_PATH, headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _enter_only(self, stack: contextlib.ExitStack) -> None:
        try:
            stack.enter_context(locked(self.folder / "demo.lock", timeout_s=0))
        except ServiceError as error:
            other = self._read_note()
            raise ServiceError(
                f"A demo already runs here: process {other.get('pid', '?')}, "
                f"{other.get('url', 'still starting')}. Use that one, or end it with Ctrl-C in its "
                f"terminal or `kill {other.get('pid', 'PID')}`. WRAPPER_STATE_DIR=FOLDER gives a "
                "second demo data of its own."
            ) from error

    def _require_port(self, timeout_s: float) -> None:
        if wait_until(lambda: is_free(self.port) and not _answers_on_ipv6(self.port), timeout_s):
            return
        raise ServiceError(
            f"Port {self.port} is taken by another program. `ss -ltnp 'sport = :{self.port}'` "
            f"(macOS: `lsof -i :{self.port}`) names it. End it, or choose another port: "
            f"`make demo PORT={self.port + 1}`."
        )

    def _leave(self) -> None:
        profile = {use.name: use.profile for use in embedded.in_use()}
        try:
            for name in sorted(self.owned & profile.keys(), reverse=True):
                embedded.stop([name], profile[name])
        finally:
            self.note.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, Any]:
        return _noted(self.note)

    def _write_note(self) -> None:
        content = {
            "pid": os.getpid(),
            "url": self.url,
            "owned": sorted(self.owned),
            "dns_port": self.dns_port,
        }
        self.note.write_text(json.dumps(content))


def sandbox_dns_port() -> int:
    """Where commands find the sandbox's DNS server: the port of the demo that runs, else the usual one."""
    note = _noted(embedded.state_folder() / "demo.json")
    return int(note.get("dns_port") or DNS_PORT)


def _noted(path: Path) -> dict[str, Any]:
    try:
        note: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return note


def _answers_on_ipv6(port: int) -> bool:
    """Tell whether somebody else would get what browsers send to localhost."""
    try:
        with socket.create_connection(("::1", port), timeout=1):
            return True
    except OSError:
        return False


def stop_servers() -> None:
    """Stop the servers of both profiles, for `make stop`. Exits with a message if a demo runs."""
    lock = embedded.state_folder() / "demo.lock"
    try:
        if lock.exists():
            with locked(lock, timeout_s=0):
                pass
    except ServiceError:
        sys.exit("A demo is running and would restart them: end it with Ctrl-C first.")
    for profile in ("local", "test"):
        embedded.stop(profile=profile)
