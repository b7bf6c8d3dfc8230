"""From the outbox to the streams, in batches: once or more, never not at all, in order per aggregate."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.db import connection, transaction

from apps.events import registry, subscribers
from apps.events.models import Partition
from apps.events.streams import StreamLost, Writer, entry_time_s

log = structlog.get_logger(__name__)

BATCH = 250  # of a partition
# Between the clocks of Redis and PostgreSQL, and for a batch that takes its time.
CLOCKS_APART = timedelta(minutes=5)


def prepare(writer: Writer) -> list[str]:
    """Before the first batch, and hourly: tell of this release's handlers; returns the groups that there are.

    Raises redis.exceptions.RedisError.
    """
    subscribers.subscribers_register()
    groups = subscribers.groups_of(subscribers.subscribers())
    verify(writer, groups)
    return groups


def verify(writer: Writer, groups: Sequence[str]) -> None:
    """Find and mend what Redis lacks. Raises redis.exceptions.RedisError, StreamLost."""
    try:
        writer.verify(_last_entries(), groups)
    except StreamLost as loss:
        mend(writer, loss.partitions, groups)
        writer.verify(_last_entries(), groups)


def _last_entries() -> dict[int, str]:
    return dict(Partition.objects.values_list("number", "last_entry"))


def mend(writer: Writer, partitions: Sequence[int], groups: Sequence[str]) -> None:
    """Make lost streams anew from the outbox, before anything else is put into them."""
    for number in partitions:
        with transaction.atomic():
            partition = Partition.objects.select_for_update().get(number=number)
            if not writer.lacks(number, partition.last_entry):
                continue  # another relay was quicker
            count = subscribers.owed_again(partition)
            partition.last_entry = "0-0"
            partition.save(update_fields=["last_entry"])
            # Before the commit: whoever dies in between leaves a stream that still ends too early.
            writer.make([number], groups)
        log.warning("events.stream_lost", partition=number, dispatched_again=count)


@transaction.atomic
def dispatch_batch(writer: Writer) -> int:
    """Put what waits into the streams; returns how many events. 0: nothing waits, or others lead it.

    Finds rows by what they lack, never by a position passed: a transaction that commits late is not
    skipped. Who dies between the streams and the commit leaves events there twice; the inbox takes them
    once. Events of a type or version that this release does not declare stay, for one that does.
    Locks: the rows of the partitions that it leads. Raises StreamLost, redis.exceptions.RedisError.
    """
    declared = registry.events()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, place, type, envelope FROM events_outbox_claim(%s, %s, %s)",
            [list(declared), [cls.version for cls in declared.values()], BATCH],
        )
        rows = sorted(cursor.fetchall())
        if not rows:
            return 0
        last = writer.add([(number, name, envelope) for number, _place, name, envelope in rows])
        cursor.execute(
            "UPDATE events_partition p SET last_entry = e.entry "
            "FROM unnest(%s::int[], %s::text[]) AS e (number, entry) WHERE p.number = e.number",
            [list(last), list(last.values())],
        )
    return len(rows)


def trim(writer: Writer, number: int, groups: Sequence[str]) -> None:
    """Take from a stream what every group is done with, and note until when that is.

    Raises redis.exceptions.RedisError.
    """
    first = writer.trim(number, groups)
    if first is not None and entry_time_s(first):
        settled = datetime.fromtimestamp(entry_time_s(first), UTC) - CLOCKS_APART
        Partition.objects.filter(number=number).update(settled_before=settled)
