"""Real relay processes: woken, stopped, killed, cut off from the database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from apps.events.models import Handling
from tests.events.sample import effects, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("effects_table")]
Start = Callable[..., subprocess.Popen]
NEVER_S = 600  # a sweep that no test waits for: what happens, happens without it


@pytest.fixture
def start(effects_table) -> Iterator[Start]:
    """Start a relay on the test database and wait until it listens."""
    processes: list[subprocess.Popen] = []

    def start(sweep_s: float = 1.0) -> subprocess.Popen:
        before = listeners()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.events.relay_process"],
            env={
                **os.environ,
                "RELAY_DATABASE": connection.settings_dict["NAME"],
                "RELAY_SWEEP_S": str(sweep_s),
            },
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        wait_for(lambda: listeners() > before)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
    wait_for(lambda: listeners() == 0)


def listeners() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'wrapper-events-listen' AND query LIKE 'LISTEN%'"
        )
        return cursor.fetchone()[0]


def wait_for(condition: Callable[[], bool], timeout_s: float = 20) -> float:
    """Seconds until it held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < timeout_s, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - started


def test_a_commit_wakes_the_relay(start):
    start(sweep_s=NEVER_S)
    for n in range(20):
        post(n)
        wait_for(lambda n=n: len(effects()) == n + 1)


def test_sigterm_finishes_the_handling_and_exits(start):
    process = start()
    post(1, sleep_s=1)
    post(2)
    wait_for(lambda: sleeping() == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert effects() == [1]
    # The second waits, fanned out already or not.
    assert Handling.objects.filter(handler="sample.record_note", state="done").count() == 1


def test_sigterm_ends_an_idle_relay_at_once(start):
    process = start(sweep_s=NEVER_S)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_kill_9_in_the_middle_loses_nothing_and_repeats_nothing(start):
    process = start()
    for n in range(20):
        post(n)
    post(20, sleep_s=2)
    for n in range(21, 40):
        post(n)
    wait_for(lambda: sleeping() == 1)
    process.kill()
    process.wait(10)
    assert 20 not in effects()
    start()
    wait_for(lambda: len(effects()) == 40, timeout_s=30)
    assert sorted(effects()) == list(range(40))
    assert not Handling.objects.exclude(state="done").exists()


def test_cut_connections_are_opened_again(start):
    process = start()
    post(1)
    wait_for(lambda: effects() == [1])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
    post(2)
    wait_for(lambda: effects() == [1, 2])
    assert process.poll() is None


def sleeping() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' "
            "AND datname = current_database() AND state = 'active'"
        )
        return cursor.fetchone()[0]
