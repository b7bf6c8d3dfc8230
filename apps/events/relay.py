"""The events process: drains when PostgreSQL says that there is something, and every second."""

import os
import select
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import structlog
from django.db import Error as DjangoDatabaseError
from django.db import connection

from apps.events.drain import drain_once

log = structlog.get_logger(__name__)

CHANNEL = "outbox"
SWEEP_S = 1.0  # finds retries that are due, and what a lost notification would have told
MAX_RECONNECT_DELAY_S = 5.0


class Relay:
    """Runs until stop(), which is safe in a signal handler and from other threads."""

    def __init__(self) -> None:
        self._stopping = False
        self._wake_r, self._wake_w = os.pipe()
        os.set_blocking(self._wake_w, False)

    def stop(self) -> None:
        """Finish the handling at hand and return from run()."""
        self._stopping = True
        os.write(self._wake_w, b"!")

    def run(self) -> None:
        """Drain until stopped. Survives restarts of PostgreSQL: reconnects with a growing delay."""
        delay_s = 0.1
        log.info("events.relay_started")
        try:
            while not self._stopping:
                try:
                    with _listening() as listener:
                        while not self._stopping:
                            drain_once(lambda: self._stopping)
                            delay_s = 0.1
                            self._wait(listener)
                except (DjangoDatabaseError, psycopg.Error) as error:
                    log.warning("events.database_lost", error=str(error), retry_in_s=delay_s)
                    connection.close()
                    self._sleep(delay_s)
                    delay_s = min(delay_s * 2, MAX_RECONNECT_DELAY_S)
        finally:
            connection.close()
            os.close(self._wake_r)
            os.close(self._wake_w)
        log.info("events.relay_stopped")

    def _wait(self, listener: psycopg.Connection) -> None:
        """Until a nudge, the sweep's turn or stop(). Nudges that came together count as one."""
        if self._stopping:
            return
        readable, _, _ = select.select([listener.fileno(), self._wake_r], [], [], SWEEP_S)
        if listener.fileno() in readable:
            for _nudge in listener.notifies(timeout=0):
                pass

    def _sleep(self, seconds: float) -> None:
        select.select([self._wake_r], [], [], seconds)


@contextmanager
def _listening() -> Iterator[psycopg.Connection]:
    """A connection of its own: what arrives on it must not wait behind a handler's statements."""
    parameters: dict[str, Any] = connection.get_connection_params()
    parameters["application_name"] = "wrapper-events-listen"
    with closing(psycopg.connect(**parameters, autocommit=True)) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        yield listener
