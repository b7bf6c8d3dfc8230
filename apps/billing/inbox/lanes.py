"""One at a time for each customer of Stripe, wherever the workers are."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Advisory locks of two numbers: this one for lanes, and a hash of the lane. Lanes that share a hash wait
# for each other, no more.
NAMESPACE = 0x7374_7270


@contextmanager
def lane_lock(lane: str) -> Iterator[bool]:
    """Whether the caller is the one to work on the lane, for the block.

    A lock of the session, not of a transaction: Stripe is asked while it is held, and no transaction is
    open then. PostgreSQL drops it with the connection, that is, at once when a worker dies. What is written
    under it goes through the same connection, so that who has lost it cannot write.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [NAMESPACE, lane])
        [is_mine] = cursor.fetchone()
    try:
        yield is_mine
    finally:
        if is_mine:
            _unlock(lane)


def _unlock(lane: str) -> None:
    if connection.connection is None or connection.connection.closed:
        return  # and the lock is gone with it
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [NAMESPACE, lane])
