"""Real Celery workers for tests: started as processes of a group of their own, on the test's servers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from apps.tenants.models import Tenant
from config.celery import app
from tests import worker_tasks

QUEUES = ("default", "email", "sync", "bulk")


def start_worker(queues: str = "default", concurrency: int = 2, **env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.worker_process", queues, str(concurrency)],
        env={**os.environ, "WORKER_DATABASE": connection.settings_dict["NAME"], **env},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_tree(process: subprocess.Popen) -> None:
    """kill -9 of the worker and its pool: of its own group, which has nobody else."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@contextmanager
def table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(worker_tasks.TABLE)
    purge()
    # Other tests run tasks in-process.
    app.conf.task_always_eager = False
    try:
        yield
    finally:
        app.conf.task_always_eager = True
        purge()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE worker_items")


def purge() -> None:
    """The broker as new: also what killed workers had taken."""
    with app.connection_for_write() as broker:
        channel = broker.default_channel
        for queue in QUEUES:
            channel.queue_purge(queue)
        channel.client.delete(channel.unacked_key, channel.unacked_index_key)


def send(tenant: Tenant, count: int, takes_s: float, first: int = 0) -> None:
    ids = range(first, first + count)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO worker_items (id, tenant_id) SELECT unnest(%s::int[]), %s",
            [list(ids), str(tenant.id)],
        )
    with app.producer_pool.acquire() as producer:
        for item_id in ids:
            app.send_task(
                "tests.work",
                kwargs={"tenant_id": str(tenant.id), "item_id": item_id, "takes_s": takes_s},
                producer=producer,
            )


def items(columns: str, tenant: Tenant | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM worker_items WHERE %s IN ('', tenant_id) ORDER BY tenant_id, id",
            [str(tenant.id) if tenant else ""],
        )
        return cursor.fetchall()


def wait_for(condition: Callable[[], bool], timeout_s: float) -> float:
    """Seconds until it held."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < timeout_s, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - began_s
