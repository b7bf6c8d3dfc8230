"""Workers and their pool are killed while they work: nothing is lost, nothing takes effect twice."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.tenants.models import Tenant
from tests import workers

TASKS, TREES, CHILDREN = 1500, 8, 12
# Above what a task takes, or it would be run twice without any kill.
VISIBILITY_TIMEOUT_S = 8
RESTART_S = 60


def start() -> subprocess.Popen:
    return workers.start_worker(WORKER_VISIBILITY_TIMEOUT_S=str(VISIBILITY_TIMEOUT_S))


def kill_child(worker: subprocess.Popen) -> bool:
    """kill -9 of one process of the pool, which is a child of the worker that we started."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    if not children:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(random.choice(children)), signal.SIGKILL)
    return True


def done() -> int:
    return workers.items("is_done").count((True,))


@pytest.mark.django_db(transaction=True)
def test_kills_of_workers_lose_nothing_and_repeat_nothing(
    acme: Tenant, globex: Tenant, tell: Callable[[str], None]
) -> None:
    with workers.table():
        for tenant in (acme, globex):
            workers.send(tenant, TASKS // 2, takes_s=0.02)
        kills = ["tree"] * TREES + ["child"] * CHILDREN
        random.shuffle(kills)
        worker = start()
        try:
            for number, kind in enumerate(kills):
                # Spread over the tasks, and while one is under way.
                due = TASKS * number // (len(kills) + 2)
                workers.wait_for(lambda due=due: done() > due, RESTART_S)
                time.sleep(random.uniform(0, 0.05))
                if kind == "tree":
                    workers.kill_tree(worker)
                    worker = start()
                else:
                    workers.wait_for(lambda worker=worker: kill_child(worker), RESTART_S)
            workers.wait_for(lambda: done() == TASKS, RESTART_S + 3 * VISIBILITY_TIMEOUT_S)
            # Whatever is still to come twice comes now.
            time.sleep(VISIBILITY_TIMEOUT_S + 2)
            runs, effects = zip(*workers.items("runs, effects"), strict=True)
        finally:
            workers.kill_tree(worker)
    assert len(effects) == TASKS
    assert (min(effects), max(effects)) == (1, 1)
    # The kills did hit tasks: some began more than once.
    assert sum(runs) > TASKS
    tell(
        f"{TASKS:,} tasks; the worker's tree killed {TREES} times, processes of its pool {CHILDREN} times: "
        f"0 lost, 0 effects twice, {sum(runs) - TASKS} runs again"
    )
