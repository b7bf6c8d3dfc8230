"""Several real beats: each run is sent once, and nobody waits for the one that is killed or frozen."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from queue import Empty

import pytest
from django.db import connection

from apps.schedules.beat import LEASE_S
from apps.schedules.models import Schedule
from config.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start() -> Iterator[Callable[[], subprocess.Popen]]:
    processes: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.schedules.beat_process"],
            env={**os.environ, "BEAT_DATABASE": connection.settings_dict["NAME"]},
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        return process

    queued()
    yield start
    for process in processes:
        process.kill()
        process.wait(60)
    queued()


def queued() -> int:
    """How many messages wait; takes them out."""
    count = 0
    with app.connection_for_read() as broker, broker.SimpleQueue("default") as queue:
        while True:
            try:
                queue.get(block=False).ack()
            except Empty:
                return count
            count += 1


def wait_for(condition: Callable[[], bool], timeout_s: float = 180) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def beats() -> int:
    """How many beats are at it: each has a connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]


def test_three_send_each_run_once_and_a_kill_is_not_noticed(start: Callable) -> None:
    first, second, third = start(), start(), start()
    wait_for(lambda: Schedule.objects.exclude(last_sent_at=None).exists() and beats() == 3)
    queued()
    began_s = time.monotonic()
    time.sleep(4)
    sent, passed_s = queued(), time.monotonic() - began_s
    # A second between two runs, and up to another until somebody looks.
    assert int(passed_s / 2) - 1 <= sent <= passed_s + 1

    first.kill()
    second.send_signal(signal.SIGSTOP)
    try:
        # One of the two may have held the claim of a run.
        wait_for(lambda: queued() > 0, timeout_s=LEASE_S + 3)
        queued()
        time.sleep(3)
        assert queued() >= 1
    finally:
        second.send_signal(signal.SIGCONT)

    third.terminate()
    assert third.wait(60) == 0


def test_what_operators_chose_survives_a_restart(start: Callable) -> None:
    first = start()
    wait_for(lambda: Schedule.objects.exclude(last_sent_at=None).exists())
    Schedule.objects.update(is_paused=True, pause_reason="x", interval_s=2)
    first.kill()
    first.wait(60)
    queued()
    start()
    wait_for(lambda: beats() == 1)
    time.sleep(3)
    assert queued() == 0
    kept = Schedule.objects.get(name="often")
    assert (kept.is_paused, kept.interval_s) == (True, 2)
    Schedule.objects.update(is_paused=False)
    wait_for(lambda: queued() == 1, timeout_s=5)
