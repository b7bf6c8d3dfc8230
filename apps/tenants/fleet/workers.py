"""Threads that take schema after schema. Each has a database connection of its own, the system's."""

import threading
from collections.abc import Callable, Generator, Sequence
from queue import Empty, SimpleQueue

from django.db import connection

from apps.common.database import system_connection
from apps.tenants.fleet.outcome import Outcome
from apps.tenants.models import MigrationTarget

Work = Callable[[MigrationTarget], Outcome]


def in_parallel(work: Work, targets: Sequence[MigrationTarget], jobs: int) -> Generator[Outcome]:
    """Outcomes as they come. Close it: then what is under way ends, and nothing more is begun.

    An exception of `work` (an outcome is none) ends the others likewise, and is raised here.
    """
    waiting: SimpleQueue[MigrationTarget] = SimpleQueue()
    for target in targets:
        waiting.put(target)
    ready: SimpleQueue[Outcome | Exception | None] = SimpleQueue()
    stop = threading.Event()

    @system_connection()
    def loop() -> None:
        try:
            while not stop.is_set():
                ready.put(work(waiting.get_nowait()))
        except Empty:
            pass
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits
            ready.put(error)
        finally:
            connection.close()
            ready.put(None)

    threads = [
        threading.Thread(target=loop, name=f"migrate-{number}")
        for number in range(min(jobs, len(targets)))
    ]
    for thread in threads:
        thread.start()
    failure: Exception | None = None
    running = len(threads)
    try:
        while running:
            match ready.get():
                case None:
                    running -= 1
                case Outcome() as outcome:
                    yield outcome
                case Exception() as failure:
                    stop.set()
        if failure is not None:
            raise failure
    finally:
        stop.set()
        for thread in threads:
            thread.join()
