"""What the processes of events have in common: they stop when told, and outlive the servers that they use."""

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import structlog
from django.db import Error as DjangoDatabaseError
from django.db import connection
from redis.exceptions import RedisError

from apps.events.streams import StreamLost

log = structlog.get_logger(__name__)

# StreamLost: another relay mends it, or the next round does.
OUTAGES = (DjangoDatabaseError, psycopg.Error, RedisError, StreamLost)
MIN_PAUSE_S, MAX_PAUSE_S = 0.1, 5.0


class Stop:
    """A flag that wakes who waits. set() is safe in a signal handler and from other threads."""

    def __init__(self) -> None:
        self._is_set = False
        self.fd, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def set(self) -> None:
        self._is_set = True
        os.write(self._wake, b"!")

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout_s: float) -> bool:
        """Whether it was set, by the end of that time."""
        select.select([self.fd], [], [], max(0.0, timeout_s))
        return self._is_set

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._wake)


def outlive_outages(serve: Callable[[], None], stop: Stop, what: str) -> None:
    """Call until stopped, also after PostgreSQL or Redis was away. Pauses grow; a good while resets them."""
    pause_s = MIN_PAUSE_S
    while not stop.is_set():
        began_s = time.monotonic()
        try:
            serve()
        except OUTAGES as error:
            log.warning("events.server_lost", process=what, error=str(error))
        except Exception:
            # A defect. Whoever holds what others wait for must not die of it unseen.
            log.exception("events.process_failed", process=what)
        else:
            continue
        connection.close()
        if time.monotonic() - began_s > MAX_PAUSE_S:
            pause_s = MIN_PAUSE_S
        stop.wait(pause_s)
        pause_s = min(pause_s * 2, MAX_PAUSE_S)


@contextmanager
def direct_connection(name: str) -> Iterator[psycopg.Connection]:
    """To PostgreSQL itself, for what belongs to a session: LISTEN and advisory locks. In autocommit.

    Not for statements of handlers. The server notices within half a minute when this machine is gone.
    """
    parameters: dict[str, Any] = connection.get_connection_params()
    parameters["application_name"] = name
    parameters["options"] = (
        "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
    )
    with closing(psycopg.connect(**parameters, autocommit=True)) as direct:
        yield direct
