"""An event and handlers for the tests of events, in this process and in relays started by tests."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from apps.common.actors import Actor
from apps.events import registry
from apps.events.registry import Event, EventContext
from apps.events.services import publish

ACTOR = Actor.system("test")


@dataclass(frozen=True)
class NotePosted(Event):
    note_id: uuid.UUID
    n: int = 0
    due_at: datetime | None = None
    sleep_s: int = 0


@dataclass(frozen=True)
class NoteCounted(Event):
    """For the handler that takes batches."""

    note_id: uuid.UUID
    n: int = 0


def declare() -> None:
    registry.event("sample.note_posted", version=1, scope="system", aggregate="note_id")(NotePosted)
    registry.subscribe("sample.note_posted", name="sample.record_note")(record_note)


def declare_batches() -> None:
    registry.event("sample.note_counted", version=1, scope="system", aggregate="note_id")(
        NoteCounted
    )
    registry.subscribe("sample.note_counted", name="sample.record_notes", takes_batches=True)(
        record_notes
    )


def record_note(event: NotePosted, context: EventContext) -> None:
    """The effect: one row for each time that it happened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sample_effects (event_id, note_id, n) VALUES (%s, %s, %s)",
            [context.event_id, event.note_id, event.n],
        )
        if event.sleep_s:
            cursor.execute("SELECT pg_sleep(%s)", [event.sleep_s])


def record_notes(given: Sequence[tuple[NoteCounted, EventContext]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sample_effects (event_id, note_id, n) "
            "SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[])",
            [
                [context.event_id for _event, context in given],
                [event.note_id for event, _context in given],
                [event.n for event, _context in given],
            ],
        )


def post(n: int = 0, *, note_id: uuid.UUID | None = None, **fields: object) -> uuid.UUID:
    """Publish one in a transaction of its own."""
    tenant_id = fields.pop("tenant_id", None)
    with transaction.atomic():
        event = NotePosted(note_id or uuid.uuid4(), n, **fields)
        return publish(event, actor=ACTOR, tenant_id=tenant_id)


def effects() -> list[int]:
    """The `n` of every effect that was committed, in the order of commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM sample_effects ORDER BY id")
        return [n for (n,) in cursor.fetchall()]
