"""Who is owed which events: the handlers of every release that runs, as the database knows them.

During a deployment two releases run. An event that only the newer one handles may be read by the older
one's consumer; it leaves it for the newer one instead of taking it for something that nobody wants.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.events import registry
from apps.events.messages import PARTITIONS
from apps.events.models import Partition, Subscriber
from apps.events.ownership import IS_MEMBER

# A handler that no process has told of for so long is of no release any more.
FORGOTTEN_AFTER = timedelta(days=1)
REFRESH_AFTER = timedelta(hours=1)
# How soon a consumer that runs knows of another release's handlers. What it reads before, it takes for
# something that nobody wants, so that a new handler is owed nothing yet while there are consumers.
KNOWN_AFTER_S = 5.0
OWED_AFTER_S = 2 * KNOWN_AFTER_S

REGISTER = """
INSERT INTO events_subscriber (handler, event_name, "group", since, seen_at)
SELECT handler, event_name, "group",
    now() + CASE WHEN EXISTS (SELECT FROM pg_locks WHERE {member}) THEN %s ELSE 0 END * interval '1 second',
    now()
FROM unnest(%s::text[], %s::text[], %s::text[]) AS known (handler, event_name, "group")
ON CONFLICT (handler, event_name) DO UPDATE SET
    "group" = excluded."group", seen_at = now(),
    since = CASE WHEN events_subscriber.seen_at < %s THEN excluded.since
        ELSE events_subscriber.since END
WHERE events_subscriber.seen_at < %s OR events_subscriber."group" <> excluded."group"
"""
# Dispatched while somebody was subscribed, and no row tells what became of it there.
OWED = """
UPDATE events_outboxevent o SET dispatched_at = NULL
WHERE o.partition = %s AND o.dispatched_at IS NOT NULL
    AND (%s::timestamptz IS NULL OR o.dispatched_at >= %s)
    AND EXISTS (
        SELECT FROM events_subscriber s
        WHERE s.event_name = o.name AND s.since <= o.dispatched_at AND s.seen_at >= %s
            AND NOT EXISTS (
                SELECT FROM events_handling h WHERE h.event_id = o.id AND h.handler = s.handler))
"""

Subscribers = dict[tuple[str, str], list[tuple[str, datetime]]]


@transaction.atomic
def subscribers_register() -> None:
    """Tell the database of this release's handlers. They are owed what is dispatched from now on.

    From OWED_AFTER_S on, if consumers run, which may not know of them. For the relay, before it dispatches,
    and for consumers; at start and then hourly. Two statements.
    """
    found = list(registry.subscriptions().values())
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_partition (number, last_entry) "
            "SELECT number, '0-0' FROM generate_series(0, %s) AS number ON CONFLICT DO NOTHING",
            [PARTITIONS - 1],
        )
        cursor.execute(
            REGISTER.format(member=IS_MEMBER),
            [
                OWED_AFTER_S,
                [one.name for one in found],
                [one.event_name for one in found],
                [one.group for one in found],
                now - FORGOTTEN_AFTER,
                now - REFRESH_AFTER,
            ],
        )


def subscribers() -> Subscribers:
    """By group and event: the handlers, each with when it became known. One statement."""
    found: Subscribers = {}
    known = Subscriber.objects.filter(seen_at__gte=timezone.now() - FORGOTTEN_AFTER)
    for group, name, handler, since in known.order_by("id").values_list(
        "group", "event_name", "handler", "since"
    ):
        found.setdefault((group, name), []).append((handler, since))
    return found


def groups_of(found: Subscribers) -> list[str]:
    return sorted({group for group, _name in found})


def owed_again(partition: Partition) -> int:
    """Let what the stream may have lost be dispatched anew; returns how many. Locks: the partition's row.

    What is handled twice then, is not: its inbox row is there.
    """
    before = partition.settled_before
    with connection.cursor() as cursor:
        cursor.execute(OWED, [partition.number, before, before, timezone.now() - FORGOTTEN_AFTER])
        return cursor.rowcount
