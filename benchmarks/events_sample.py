"""The event of the benchmark, and a handler that writes one row in the tenant."""

import uuid
from collections.abc import Sequence

from django.db import connection

from apps.events import registry
from apps.events.registry import Event, EventContext

# In a tenant's schema. The trigger tells of each row when it is committed.
TABLE = """
    SET LOCAL search_path = "{schema}";
    CREATE TABLE bench_effects (event_id uuid PRIMARY KEY, n integer NOT NULL);
    GRANT INSERT ON bench_effects TO PUBLIC;
    CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('bench', NEW.n::text); RETURN NULL; END $$;
    CREATE TRIGGER bench_tell AFTER INSERT ON bench_effects FOR EACH ROW EXECUTE FUNCTION bench_tell();
"""


class Happened(Event):
    thing_id: uuid.UUID
    n: int


class Counted(Event):
    """For the handler that takes batches."""

    thing_id: uuid.UUID
    n: int


def declare() -> tuple[type[Event], type[Event]]:
    """The events, for who publishes them and for the consumers: handled one by one, and in batches."""
    one = registry.event("bench.thing_made", version=1, scope="organization", aggregate="thing_id")
    registry.subscribe("bench.thing_made", name="bench.record_thing")(record_thing)
    many = registry.event(
        "bench.thing_counted", version=1, scope="organization", aggregate="thing_id"
    )
    registry.subscribe("bench.thing_counted", name="bench.record_things", takes_batches=True)(
        record_things
    )
    return one(Happened), many(Counted)


def record_thing(event: Happened, context: EventContext) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effects (event_id, n) VALUES (%s, %s)", [context.event_id, event.n]
        )


def record_things(given: Sequence[tuple[Counted, EventContext]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effects (event_id, n) SELECT * FROM unnest(%s::uuid[], %s::int[])",
            [[context.event_id for _event, context in given], [event.n for event, _ in given]],
        )
