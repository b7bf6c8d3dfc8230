"""What is left behind and says nothing any more. The ledger itself is not touched."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from apps.credits.usage_events import MAX_AGE, MAX_AHEAD

BATCH = 10_000
# What is empty now may be filled in a moment, by a release.
EMPTY_FOR = timedelta(days=1)
# An event that was taken is refused as too old by then.
REMEMBERED = MAX_AGE + MAX_AHEAD + timedelta(days=1)

# It is looked at again once it is locked, so that one that is filled meanwhile stays.
PRUNE_LOTS = """
DELETE FROM credits_lot WHERE remaining_microcredits = 0 AND id IN (
    SELECT l.id FROM credits_lot l WHERE l.remaining_microcredits = 0 AND l.updated_at < %s
    ORDER BY l.id LIMIT %s FOR UPDATE SKIP LOCKED
)
"""
PRUNE_EVENTS = """
DELETE FROM credits_usageevent WHERE id IN (
    SELECT e.id FROM credits_usageevent e WHERE e.created_at < %s LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


def lots_prune() -> int:
    """Forget lots of nothing, a batch of them; how many. They come again when needed. For the system."""
    return _delete(PRUNE_LOTS, EMPTY_FOR)


def usage_events_prune() -> int:
    """Forget events that cannot come again, a batch of them; how many. For the system."""
    return _delete(PRUNE_EVENTS, REMEMBERED)


def _delete(statement: str, older_than: timedelta) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, [timezone.now() - older_than, BATCH])
        return cursor.rowcount
