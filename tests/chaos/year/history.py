"""Every version of every object at the sandbox's Stripe, with its events, in the order of their commits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connection, transaction

TABLE = "sandbox_stripeobject"
MADE = f"""
CREATE TABLE year_moment (moment int NOT NULL);
INSERT INTO year_moment VALUES (0);
CREATE TABLE year_versions (
    n bigint GENERATED ALWAYS AS IDENTITY, tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    moment int NOT NULL, kind text NOT NULL, object_id text NOT NULL, version {TABLE} NOT NULL
);
CREATE FUNCTION year_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO public.year_versions (moment, kind, object_id, version)
    SELECT moment, NEW.kind, NEW.object_id, NEW FROM public.year_moment;
    RETURN NULL;
END $$;
CREATE TRIGGER year_note AFTER INSERT OR UPDATE ON {TABLE} FOR EACH ROW
WHEN (NEW.kind <> 'webhook_endpoint') EXECUTE FUNCTION year_note();
"""
DROPPED = f"""
DROP TRIGGER IF EXISTS year_note ON {TABLE};
DROP FUNCTION IF EXISTS year_note;
DROP TABLE IF EXISTS year_versions, year_moment;
"""
# The courier counts down what an event waits for, which is a version of the event.
READ = """
SELECT tx::text, n, kind, object_id, CASE WHEN kind = 'event' THEN (version).data END
FROM year_versions v WHERE moment = %s AND (kind <> 'event' OR NOT EXISTS (
    SELECT FROM year_versions other WHERE other.kind = 'event'
    AND other.object_id = v.object_id AND other.n < v.n
)) ORDER BY n
"""
APPLY = f"""
INSERT INTO {TABLE} SELECT (version).* FROM year_versions WHERE n = %s
ON CONFLICT (id) DO UPDATE SET data = excluded.data, is_deleted = excluded.is_deleted
"""


@dataclass(frozen=True)
class Change:
    """What one transaction at Stripe did. versions: their numbers. objects: their ids. events: as made."""

    versions: list[int]
    objects: list[str]
    events: list[dict[str, Any]]


@contextmanager
def noted() -> Iterator[None]:
    """For the block: each version is kept."""
    _run(DROPPED + MADE + "CREATE INDEX ON year_versions (kind, object_id, n);")
    try:
        yield
    finally:
        _run(DROPPED)


def moment_begin(moment: int) -> None:
    _run("UPDATE year_moment SET moment = %s", moment)


def versions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM year_versions WHERE kind <> 'event'")
        return int(cursor.fetchone()[0])


def changes(moment: int) -> list[Change]:
    with connection.cursor() as cursor:
        cursor.execute(READ, [moment])
        rows = cursor.fetchall()
    found = []
    for _tx, some in groupby(rows, key=lambda row: row[0]):
        together = list(some)
        objects = [row for row in together if row[2] != "event"]
        found.append(
            Change(
                [row[1] for row in objects],
                [row[3] for row in objects],
                [_json(row[4]) for row in together if row[2] == "event"],
            )
        )
    return found


def _json(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value


def forget(account_id: str) -> None:
    """Stripe as on the first day, which no version is noted of."""
    _run(f"ALTER TABLE {TABLE} DISABLE TRIGGER year_note")
    _run(
        f"DELETE FROM {TABLE} WHERE account_id = %s AND kind NOT IN ('event', 'webhook_endpoint')",
        account_id,
    )


def apply(change: Change) -> None:
    """Commit what it did. Nothing is due by it: time passes only by the history."""
    with transaction.atomic(), connection.cursor() as cursor:
        for number in change.versions:
            cursor.execute(APPLY, [number])
        cursor.execute(
            f"UPDATE {TABLE} SET due_at = NULL WHERE due_at IS NOT NULL AND object_id = ANY(%s)",
            [change.objects],
        )


def _run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values) or None)
