"""Real relays and consumers for tests, with the sample's handlers, on the test's database and Redis."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from django.db import connection


def start(command: str, sweep_s: float = 1.0) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.events.events_process", command],
        env={
            **os.environ,
            "EVENTS_DATABASE": connection.settings_dict["NAME"],
            "EVENTS_SWEEP_S": str(sweep_s),
        },
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(60)


def connected(command: str) -> int:
    """How many processes of this kind work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE %s AND (query LIKE 'LISTEN%%' OR query LIKE '%%lock%%')",
            [f"wrapper-events-{command}%"],
        )
        return cursor.fetchone()[0]


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> float:
    """Seconds until it held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < timeout_s, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - started
