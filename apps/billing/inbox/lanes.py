"""One at a time for each customer of Stripe, wherever the workers are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Advisory locks of two numbers: this one for lanes, and a hash of the lane. Lanes that share a hash wait
# for each other, no more.
NAMESPACE = 0x7374_7270


# Of who waits: how often it looks.
PAUSE_S = 0.05


@contextmanager
def lane_lock(lane: str, *, wait_s: float = 0) -> Iterator[bool]:
    """Whether the caller is the one to work on the lane, for the block.

    wait_s: how long to wait for who is at it.

    A lock of the session, not of a transaction: Stripe is asked while it is held, and no transaction is
    open then. PostgreSQL drops it with the connection, that is, at once when a worker dies. What is written
    under it goes through the same connection, so that who has lost it cannot write.
    """
    until_s = time.monotonic() + wait_s
    while not (is_mine := _try(lane)) and time.monotonic() < until_s:
        time.sleep(PAUSE_S)
    try:
        yield is_mine
    finally:
        if is_mine:
            _unlock(lane)


def _try(lane: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [NAMESPACE, lane])
        return bool(cursor.fetchone()[0])


def _unlock(lane: str) -> None:
    if connection.connection is None or connection.connection.closed:
        return  # and the lock is gone with it
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [NAMESPACE, lane])
