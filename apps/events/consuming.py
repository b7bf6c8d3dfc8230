"""What one group of handlers does with what is in the streams, and with what is due for another attempt."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import structlog
from django.db import connection

from apps.events import registry, subscribers
from apps.events.enums import HandlingState
from apps.events.handling import handle, retry_next
from apps.events.messages import Message, parse
from apps.events.streams import Entry, Reader

log = structlog.get_logger(__name__)

RETRY_BATCH = 100
RECYCLE_EVERY = 20  # entries: it asks the server whether the connection is good


@dataclass(slots=True)
class Tally:
    """What was done. failed: attempts that will be repeated."""

    done: int = 0
    failed: int = 0
    dead: int = 0

    def add(self, states: Iterable[HandlingState]) -> None:
        for state in states:
            match state:
                case HandlingState.DONE:
                    self.done += 1
                case HandlingState.DEAD:
                    self.dead += 1
                case HandlingState.PENDING:
                    self.failed += 1


def takes_batches(handler: str) -> bool:
    subscription = registry.subscriptions().get(handler)
    return subscription is not None and subscription.takes_batches


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
        taken: dict[int, list[bytes]] = {}
        before = self.tally.done
        batches: dict[tuple[str, uuid.UUID | None], list[Message]] = {}
        try:
            for number, (partition, entry, fields) in enumerate(entries):
                if self.should_stop():
                    break
                if number % RECYCLE_EVERY == 0:
                    # A long backlog leads through many tenants.
                    connection.close_if_unusable_or_obsolete()
                for handler, message in self._owed(fields):
                    if takes_batches(handler):
                        batches.setdefault((handler, message.tenant_id), []).append(message)
                    else:
                        self.tally.add(handle([message], handler))
                taken.setdefault(partition, []).append(entry)
            while batches:
                (handler, _tenant_id), messages = next(iter(batches.items()))
                self.tally.add(handle(messages, handler))
                del batches[handler, _tenant_id]
        finally:
            # With a batch undone, none is said to be: those that are do not mind to come again.
            if taken and not batches:
                self.reader.done(taken, self.tally.done - before)
        return sum(map(len, taken.values()))

    def _owed(self, fields: dict[bytes, bytes]) -> Iterator[tuple[str, Message]]:
        owed = self._known().get((self.group, fields[b"type"].decode()))
        if not owed:
            return
        message = parse(fields[b"event"])
        for handler, since in owed:
            if message.dispatched_at is None or message.dispatched_at >= since:
                yield handler, message

    def retry(self, partitions: Iterable[int]) -> int:
        """What is due for another attempt, RETRY_BATCH at most; returns how many."""
        mine = [one.name for one in registry.subscriptions().values() if one.group == self.group]
        for count in range(RETRY_BATCH):
            if self.should_stop() or (state := retry_next(partitions, mine)) is None:
                return count
            self.tally.add([state])
        return RETRY_BATCH

    def _known(self) -> subscribers.Subscribers:
        if time.monotonic() - self._refreshed_s >= subscribers.KNOWN_AFTER_S:
            self._subscribers = subscribers.subscribers()
            self._refreshed_s = time.monotonic()
        return self._subscribers
