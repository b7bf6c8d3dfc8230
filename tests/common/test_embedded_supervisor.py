"""The supervisor of the demo: restarts, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from apps.common import supervisor as supervisor_module
from apps.common.demo_session import DemoSession
from apps.common.embedded import ServiceError
from apps.common.embedded.process import wait_until
from apps.common.embedded.server import PROJECT
from apps.common.supervisor import Supervisor, procfile_read

# Each process starts another one, as the workers of granian and Celery do, and notes both.
TREE = "sh -c 'sleep 600 & echo $! $$ >> {pids}; wait'"
SUPERVISE = """
import os, sys
from pathlib import Path
from apps.common.supervisor import StopSignals, Supervisor
folder = Path(sys.argv[1])
supervisor = Supervisor(
    commands={"tree": sys.argv[2]}, folder=folder, logs=folder, env=os.environ, announce=print
)
with StopSignals(raising=False).installed() as signals:
    supervisor.start()
    supervisor.run(lambda: signals.received > 0)
    supervisor.stop()
"""


def make(folder: Path, lines: list[str], **commands: str) -> Supervisor:
    return Supervisor(
        commands=commands, folder=folder, logs=folder, env=os.environ, announce=lines.append
    )


def noted(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


def test_procfile_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# what runs\n\nweb: serve --port $PORT\nworker: work -c 'a: b'\n")

    assert procfile_read(path) == {"web": "serve --port $PORT", "worker": "work -c 'a: b'"}
    assert list(procfile_read(PROJECT / "Procfile")) == [
        "web",
        "realtime",
        "worker",
        "sync",
        "bulk",
        "beat",
        "relay",
        "consumer",
    ]


def test_dead_process_is_restarted_with_its_leftovers_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACKOFF_MAX_S", 0.05)
    lines: list[str] = []
    pids = tmp_path / "pids"
    supervisor = make(tmp_path, lines, tree=TREE.format(pids=pids))
    supervisor.start()
    try:
        assert wait_until(lambda: len(noted(pids)) == 2, 5)
        first = noted(pids)
        os.kill(first[1], signal.SIGKILL)
        supervisor.run(lambda: len(noted(pids)) == 4)
        assert wait_until(lambda: gone(first), 5)
    finally:
        supervisor.stop()

    assert len(lines) == 1
    assert lines[0].startswith("tree ended with status -9; restarting in ")
    assert wait_until(lambda: gone(noted(pids)), 5)


def test_backoff_doubles_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    supervisor = make(tmp_path, lines, failing="false")
    item = supervisor.processes[0]
    supervisor.start()
    for _ in range(7):
        assert item.child
        item.child.wait(5)
        supervisor.tick()
        item.restart_at_s = 0
        supervisor.tick()
    supervisor.stop()

    waits = [line.split(" in ")[1].split(" s ")[0] for line in lines]
    assert waits == ["1", "2", "4", "8", "16", "30", "30"]


def test_output_goes_to_the_log_and_the_environment_is_passed(tmp_path: Path) -> None:
    supervisor = Supervisor(
        commands={"echo": "sh -c 'echo port $PORT; exec sleep 600'"},
        folder=tmp_path,
        logs=tmp_path,
        env={**os.environ, "PORT": "8123"},
        announce=print,
    )
    supervisor.start()
    log = tmp_path / "echo.log"
    try:
        assert wait_until(lambda: log.read_text() == "port 8123\n", 5)
    finally:
        supervisor.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    parent = start_supervised(tmp_path, pids)

    parent.send_signal(number)

    assert parent.wait(10) == 0
    assert gone(noted(pids))


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_killed_supervisor_leaves_no_process_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    parent = start_supervised(
        tmp_path, pids, command=f"sh -c 'echo 0 $$ >> {pids}; exec sleep 600'"
    )

    parent.kill()
    parent.wait(10)

    assert wait_until(lambda: gone(noted(pids)[1:]), 5)


def test_process_that_ignores_the_request_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "TERM_TIMEOUT_S", 0.1)
    monkeypatch.setattr(supervisor_module, "LEFTOVERS_TIMEOUT_S", 0.1)
    pids = tmp_path / "pids"
    stubborn = f"sh -c 'trap \"\" TERM; echo 0 $$ >> {pids}; while :; do sleep 1; done'"
    supervisor = make(tmp_path, [], stubborn=stubborn)
    supervisor.start()
    assert wait_until(lambda: len(noted(pids)) == 2, 5)

    supervisor.stop()

    assert gone(noted(pids)[1:])


def test_second_demo_is_refused_and_told_about_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRAPPER_STATE_DIR", str(tmp_path))
    first, second = (DemoSession(port=port, announce=print) for port in (18_231, 18_232))

    with (
        first.held(),
        pytest.raises(ServiceError, match=rf"process {os.getpid()}, http://localhost:18231"),
        second.held(),
    ):
        raise AssertionError("two demos at once")


def test_demo_on_a_taken_port_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRAPPER_STATE_DIR", str(tmp_path))
    server = subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        port = int(server.stdout.readline())
        session = DemoSession(port=port, announce=print)
        with pytest.raises(ServiceError, match=rf"make demo PORT={port + 1}"), session.held():
            raise AssertionError("the port was taken")
    finally:
        server.communicate()


LISTEN = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def start_supervised(
    folder: Path, pids: Path, command: str | None = None
) -> "subprocess.Popen[bytes]":
    parent = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder), command or TREE.format(pids=pids)],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
    )
    assert wait_until(lambda: len(noted(pids)) == 2, 10)
    return parent
