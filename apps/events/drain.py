"""Dispatch and handle all that is due, at once and in this process. For tests, and for a single hand."""

import os
from dataclasses import dataclass

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events import registry
from apps.events.consuming import GroupConsumer, Tally
from apps.events.dispatching import dispatch_batch, prepare
from apps.events.streams import Reader, Writer, all_partitions


@dataclass(slots=True)
class Drained(Tally):
    """dispatched: events that went into the streams."""

    dispatched: int = 0


def drain_once() -> Drained:
    """Until nothing is due, including what handlers publish meanwhile; retries wait for their time.

    Where consumers run, it would take from what is theirs.
    """
    drained = Drained()
    groups = sorted({one.group for one in registry.subscriptions().values()})
    partitions = all_partitions()
    with tenant_context(None), system_connection():
        writer = Writer()
        readers = [Reader(group, f"drain-{os.getpid()}") for group in groups]
        consumers = [GroupConsumer(reader.group, reader, tally=drained) for reader in readers]
        try:
            prepare(writer)
            is_moving = True
            while is_moving:
                dispatched = dispatch_batch(writer)
                drained.dispatched += dispatched
                is_moving = dispatched > 0
                for consumer in consumers:
                    entries = consumer.reader.read(partitions, None)
                    is_moving |= bool(consumer.take(entries) + consumer.retry(partitions))
        finally:
            writer.close()
            for reader in readers:
                reader.close()
    return drained
