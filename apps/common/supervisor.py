"""Run the processes of a Procfile until told to stop, and restart those that die."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from apps.common.embedded import process as operating_system

BACKOFF_MAX_S = 30.0
# A process that ran this long before it died begins anew with the shortest backoff.
STEADY_AFTER_S = 60.0
TICK_S, WATCH_INTERVAL_S = 0.1, 1.0
TERM_TIMEOUT_S, LEFTOVERS_TIMEOUT_S, KILL_TIMEOUT_S = 10.0, 2.0, 2.0
PROCFILE_LINE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>.+)$")
PR_SET_PDEATHSIG = 1
# Looked up before any fork: between fork and exec a child should not load libraries.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def procfile_read(path: Path) -> dict[str, str]:
    """Commands by name. Blank lines and lines that begin with # are skipped."""
    lines = (line.strip() for line in path.read_text().splitlines())
    matches = (PROCFILE_LINE.match(line) for line in lines if not line.startswith("#"))
    return {match["name"]: match["command"] for match in matches if match}


@dataclass
class Process:
    """One line of the Procfile, and the process that runs it at the moment."""

    name: str
    command: str
    log: Path
    child: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    restart_at_s: float = 0.0
    failures: int = 0


@dataclass
class StopSignals:
    """SIGINT, SIGTERM and SIGHUP as a count, the first as KeyboardInterrupt while `raising`."""

    raising: bool = True
    received: int = 0

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received += 1
        if self.raising:
            self.raising = False
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def installed(self) -> Iterator["StopSignals"]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        earlier = {number: signal.signal(number, self._receive) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


@dataclass
class Supervisor:
    """Keeps processes alive from one thread, the main one.

    One thread because Linux sends the parent-death signal when the forking thread ends, not when
    the process does. watch: called about once a second, to look after what the processes need.
    """

    commands: Mapping[str, str]
    folder: Path
    logs: Path
    env: Mapping[str, str]
    announce: Callable[[str], None]
    watch: Callable[[], None] = lambda: None
    processes: list[Process] = field(init=False)
    _watched_at_s: float = 0.0

    def __post_init__(self) -> None:
        self.processes = [
            Process(name, command, self.logs / f"{name}.log")
            for name, command in self.commands.items()
        ]

    def start(self) -> None:
        for item in self.processes:
            self._spawn(item)

    def run(self, until: Callable[[], bool]) -> None:
        """Look after the processes until the condition holds."""
        while not until():
            self.tick()
            time.sleep(TICK_S)

    def tick(self) -> None:
        now_s = time.monotonic()
        if now_s - self._watched_at_s >= WATCH_INTERVAL_S:
            self._watched_at_s = now_s
            self.watch()
        for item in self.processes:
            if item.child and item.child.poll() is not None:
                self._bury(item, item.child, now_s)
            elif item.child is None and now_s >= item.restart_at_s:
                self._spawn(item)

    def stop(self, hurried: Callable[[], bool] = lambda: False) -> None:
        """End all processes: ask each, then its leftovers, then kill. Takes 14 s at most.

        Only the leader of a group is asked at first: Celery lets tasks finish, but the processes of
        its pool would drop them. hurried: tells that somebody has lost patience.
        """
        children = [item.child for item in self.processes if item.child]
        for child in children:
            child.terminate()
        _wait(
            lambda: hurried() or all(child.poll() is not None for child in children), TERM_TIMEOUT_S
        )
        for group_signal, timeout_s in (
            (signal.SIGTERM, 0.0 if hurried() else LEFTOVERS_TIMEOUT_S),
            (signal.SIGKILL, KILL_TIMEOUT_S),
        ):
            for child in children:
                _signal_group(child.pid, group_signal)
            _wait(lambda: not any(_group_lives(child) for child in children), timeout_s)
        for item in self.processes:
            item.child = None

    def _spawn(self, item: Process) -> None:
        log = operating_system.open_log(item.log)
        parent = os.getpid()

        def die_with_parent() -> None:
            if _prctl:
                _prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

        try:
            item.child = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {item.command}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.env,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (no other thread runs here)
            )
        finally:
            os.close(log)
        item.started_at_s = time.monotonic()

    def _bury(self, item: Process, child: subprocess.Popen[bytes], now_s: float) -> None:
        """Kill what a dead process left in its group, and plan its restart."""
        _signal_group(child.pid, signal.SIGKILL)
        if now_s - item.started_at_s >= STEADY_AFTER_S:
            item.failures = 0
        delay_s = min(BACKOFF_MAX_S, 2.0**item.failures)
        item.failures += 1
        item.child, item.restart_at_s = None, now_s + delay_s
        self.announce(
            f"{item.name} ended with status {child.returncode}; restarting in {delay_s:.0f} s "
            f"({item.log})"
        )


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _group_lives(child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is None or operating_system.group_lives(child.pid)


def _wait(condition: Callable[[], bool], timeout_s: float) -> None:
    operating_system.wait_until(condition, timeout_s)
