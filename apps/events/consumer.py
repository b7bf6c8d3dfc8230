"""The consumer process: a thread for each group of handlers, working on the partitions it was given."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from django.db import connection

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events import registry, subscribers
from apps.events.consuming import GroupConsumer
from apps.events.ownership import Ownership
from apps.events.processes import Stop, direct_connection, outlive_outages
from apps.events.streams import Reader

log = structlog.get_logger(__name__)

BALANCE_S = 1.0
BLOCK_MS = 1000
RETRY_S = 1.0
NOBODYS = frozenset[int]()


def known_groups() -> list[str]:
    """Of this release's handlers."""
    return sorted({one.group for one in registry.subscriptions().values()})


def run_consumer(stop: Stop, groups: Sequence[str]) -> None:
    """Handle what is dispatched to these groups until stopped. Start as many processes as you like."""
    log.info("events.consumer_started", groups=list(groups))
    workers = [_Worker(group, stop) for group in groups]
    threads = [
        threading.Thread(target=worker.run, name=f"events-{worker.group}") for worker in workers
    ]
    for thread in threads:
        thread.start()
    with tenant_context(None), system_connection():
        outlive_outages(lambda: _share_out(workers, stop), stop, "consumer")
        connection.close()
    for thread in threads:
        thread.join()
    log.info("events.consumer_stopped")


def _share_out(workers: "Sequence[_Worker]", stop: Stop) -> None:
    """Keep the locks, and tell the workers what they are good for."""
    try:
        subscribers.subscribers_register()
        registered_s = time.monotonic()
        with direct_connection("wrapper-events-consumer") as direct:
            owners = [(worker, Ownership(worker.group, direct)) for worker in workers]
            while True:
                for worker, owner in owners:
                    worker.given = owner.balance(worker.in_use)
                if stop.wait(BALANCE_S):
                    break
                if time.monotonic() - registered_s >= subscribers.REFRESH_AFTER.total_seconds():
                    subscribers.subscribers_register()
                    registered_s = time.monotonic()
            # The locks go with the connection, which outlasts the work.
            for worker in workers:
                worker.ended.wait()
    finally:
        for worker in workers:
            worker.given = NOBODYS


@dataclass
class _Worker:
    """given: set by the thread that shares out. in_use: by the worker's own, which looks between entries."""

    group: str
    stop: Stop
    given: frozenset[int] = NOBODYS
    in_use: frozenset[int] = NOBODYS
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            with tenant_context(None), system_connection():
                outlive_outages(self._serve, self.stop, f"consumer of {self.group}")
                connection.close()
        finally:
            self.ended.set()

    def _serve(self) -> None:
        """Everything is taken over anew at the start: what an interrupted round had read, too."""
        reader = Reader(self.group, f"{socket.gethostname()}-{os.getpid()}")
        consumer = GroupConsumer(self.group, reader, self.stop.is_set)
        self.in_use = NOBODYS
        retried_s = float("-inf")
        try:
            while not self.stop.is_set():
                given = self.given
                gained, self.in_use = given - self.in_use, given
                for partition in sorted(gained):
                    consumer.take(reader.take_over(partition))
                if not self.in_use:
                    self.stop.wait(BALANCE_S / 4)
                    continue
                consumer.take(reader.read(self.in_use, BLOCK_MS))
                if time.monotonic() - retried_s >= RETRY_S:
                    consumer.retry(self.in_use)
                    retried_s = time.monotonic()
        finally:
            self.in_use = NOBODYS
            reader.close()
