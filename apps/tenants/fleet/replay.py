"""Run a recorded script in one schema: one round trip, one transaction with the marks.

django_migrations and the manifest say that it is done if, and only if, it is: all three commit together.
That is why it need not wait for the disk (synchronous_commit off): if PostgreSQL crashes, the change is
lost with its marks, and `--resume` does it again. The run's own end is committed with waiting, which also
makes everything before it durable.
"""

import time

import psycopg
from psycopg import sql

from apps.common.tenancy import checked_schema_name
from apps.tenants.fleet.outcome import Attempts, ConnectionLost, Outcome, Timeouts
from apps.tenants.fleet.record import Script
from apps.tenants.models import MigrationTarget
from apps.tenants.schemas import VERSION_SQL, connection, version_of

# The lock keeps the schema from being dropped, or migrated by another, until the commit; a schema that is
# gone is noticed here, before its DDL could fall through to public. Then: is it still what was recorded?
BEGIN = """
BEGIN;
SET LOCAL synchronous_commit = off;
SET LOCAL search_path = {schema}, public;
SET LOCAL lock_timeout = {lock_ms};
SET LOCAL statement_timeout = {statement_ms};
LOCK TABLE {schema}.django_migrations IN SHARE ROW EXCLUSIVE MODE;
DO $fleet$ BEGIN
    IF (SELECT {version} FROM {schema}.django_migrations) IS DISTINCT FROM {expected} THEN
        RAISE 'the schema has other migrations than a moment ago' USING ERRCODE = '55000';
    END IF;
END $fleet$;
"""
END = """
;
INSERT INTO {schema}.django_migrations (app, name, applied) VALUES {marks};
UPDATE public.tenants_migrationtarget SET
    status = 'done', migrations = {count}, attempts = attempts + {attempts}, error = '',
    finished_at = clock_timestamp(), updated_at = clock_timestamp(),
    duration_ms = 1000 * extract(epoch FROM clock_timestamp() - now())
WHERE id = {target};
COMMIT
"""


class Replayer:
    """Replays one script in schema after schema; uses the connection of the thread that calls it."""

    def __init__(self, script: Script, timeouts: Timeouts) -> None:
        self._script, self._timeouts = script, timeouts
        # A statement may end in a comment, which would swallow a semicolon on its line.
        self._body = "\n;\n".join(script.statements).encode()
        self._version = version_of(script.applied)

    def __call__(self, target: MigrationTarget) -> Outcome:
        attempts = Attempts()
        began_s = time.monotonic()
        try:
            attempts.until_unlocked(lambda: self._replay(target, attempts.made))
        except psycopg.Error as error:
            return Outcome.failed(target, attempts.made, error)
        return Outcome(
            target,
            attempts.made,
            migrations=len(self._script.marks),
            duration_ms=round(1000 * (time.monotonic() - began_s)),
            marked=True,
        )

    def _replay(self, target: MigrationTarget, attempt: int) -> None:
        connection.ensure_connection()
        raw = connection.connection
        try:
            # Without parameters psycopg sends the text as it is: several statements in one message.
            raw.execute(self._text(target, attempt))
        except psycopg.Error as error:
            if raw.closed:
                raise ConnectionLost(str(error)) from error
            raw.rollback()
            raise

    def _text(self, target: MigrationTarget, attempt: int) -> bytes:
        schema = sql.Identifier(checked_schema_name(target.schema_name))
        begin = sql.SQL(BEGIN).format(
            schema=schema,
            lock_ms=sql.Literal(self._timeouts.lock_ms),
            statement_ms=sql.Literal(self._timeouts.statement_s * 1000),
            version=sql.SQL(VERSION_SQL),
            expected=sql.Literal(self._version),
        )
        rows = [sql.SQL("({}, {}, now())").format(*map(sql.Literal, k)) for k in self._script.marks]
        end = sql.SQL(END).format(
            schema=schema,
            marks=sql.SQL(", ").join(rows),
            count=sql.Literal(len(rows)),
            attempts=sql.Literal(attempt),
            target=sql.Literal(target.id),
        )
        return begin.as_bytes(None) + self._body + end.as_bytes(None)
