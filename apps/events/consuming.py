"""What one group of handlers does with what is in the streams, and with what is due for another attempt."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog
from django.db import connection

from apps.events import registry, subscribers
from apps.events.enums import HandlingState
from apps.events.handling import handle, retry_next
from apps.events.messages import parse
from apps.events.streams import Entry, Reader

log = structlog.get_logger(__name__)

REFRESH_S = 5.0  # how soon an older release's consumer knows of a newer one's handlers
RETRY_BATCH = 100


@dataclass(slots=True)
class Tally:
    """What was done. failed: attempts that will be repeated."""

    done: int = 0
    failed: int = 0
    dead: int = 0

    def add(self, state: HandlingState | None) -> None:
        match state:
            case HandlingState.DONE:
                self.done += 1
            case HandlingState.DEAD:
                self.dead += 1
            case HandlingState.PENDING:
                self.failed += 1


@dataclass
class GroupConsumer:
    """Call it from one thread, within system_connection(), for partitions that nobody else has."""

    group: str
    reader: Reader
    should_stop: Callable[[], bool] = lambda: False
    tally: Tally = field(default_factory=Tally)
    _subscribers: subscribers.Subscribers = field(default_factory=dict)
    _refreshed_s: float = float("-inf")

    def take(self, entries: Iterable[Entry]) -> int:
        """Handle entries in their order and tell Redis; returns how many. Stops between two of them.

        What was handled and not told to Redis comes again, and is not handled again.
        """
        done: dict[int, list[bytes]] = {}
        try:
            for partition, entry, fields in entries:
                if self.should_stop():
                    break
                # A long backlog leads through many tenants.
                connection.close_if_unusable_or_obsolete()
                self._take_one(fields)
                done.setdefault(partition, []).append(entry)
        finally:
            if done:
                self.reader.done(done)
        return sum(map(len, done.values()))

    def _take_one(self, fields: dict[bytes, bytes]) -> None:
        owed = self._owed().get((self.group, fields[b"type"].decode()), ())
        if not owed:
            return
        message = parse(fields[b"event"])
        for handler, since in owed:
            if message.dispatched_at is None or message.dispatched_at >= since:
                self.tally.add(handle(message, handler))

    def retry(self, partitions: Iterable[int]) -> int:
        """What is due for another attempt, RETRY_BATCH at most; returns how many."""
        mine = [one.name for one in registry.subscriptions().values() if one.group == self.group]
        for count in range(RETRY_BATCH):
            if self.should_stop() or (state := retry_next(partitions, mine)) is None:
                return count
            self.tally.add(state)
        return RETRY_BATCH

    def _owed(self) -> subscribers.Subscribers:
        if time.monotonic() - self._refreshed_s >= REFRESH_S:
            self._subscribers = subscribers.subscribers()
            self._refreshed_s = time.monotonic()
        return self._subscribers
