"""Tenants in one queue: how long the tasks of one wait behind ten thousand of another, by a real worker.

The floor is kombu's own transport, where they wait for all of them; it is given a fifth of them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from django.core.cache import caches

from benchmarks.fairness_worker import FEW, LAST, turn
from benchmarks.world import figure
from config.celery import app

ROOT = Path(__file__).resolve().parents[1]
CROWD, CROWD_OF_FLOOR = 10_000, 2_000


def run(tenants: int) -> None:
    floor_s, floor_sending_s = _measure("redis", CROWD_OF_FLOOR)
    fair_s, fair_sending_s = _measure("apps.common.fair_queues:Transport", CROWD)
    figure(
        f"{FEW} tasks of a tenant behind {CROWD:,} of another, one worker process",
        f"{fair_s:.2f} s",
        f"by kombu's transport, behind {CROWD_OF_FLOOR:,}, in the same run: {floor_s:.1f} s",
    )
    figure(
        "sending a task, by the transport with turns",
        f"{fair_sending_s / floor_sending_s:.2f}x",
        f"of kombu's in the same run: {floor_sending_s * 1000:.2f} ms",
    )


def _measure(transport: str, crowd: int) -> tuple[float, float]:
    """Seconds from the worker's first task to the last of the few; and seconds to send one."""
    cache = caches["global"]
    cache.delete(LAST)
    with app.connection_for_write(transport=transport) as broker:
        producer = app.amqp.Producer(broker)
        began_s = time.perf_counter()
        for number in range(crowd):
            _send(producer, "crowd", number)
        sending_s = (time.perf_counter() - began_s) / crowd
        for number in range(FEW):
            _send(producer, "few", number)
        size = broker.default_channel._size
        worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.fairness_worker"],
            cwd=ROOT,
            env={**os.environ, "FAIRNESS_TRANSPORT": transport},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            waiting, since_s = size("sync"), time.time()
            while (done_s := cache.get(LAST)) is None:
                if size("sync") == waiting:
                    since_s = time.time()
                time.sleep(0.02)
                if worker.poll() is not None or time.time() - since_s > 300:
                    raise RuntimeError("the worker did not get to it")
        finally:
            worker.terminate()
            worker.wait(60)
            broker.default_channel.queue_purge("sync")
    return float(done_s) - since_s, sending_s


def _send(producer: object, tenant_id: str, number: int) -> None:
    turn.apply_async(
        kwargs={"tenant_id": tenant_id, "number": number}, producer=producer, retry=False
    )
