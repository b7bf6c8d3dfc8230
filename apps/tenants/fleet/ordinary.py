"""Django's own executor in one schema, with the timeouts of a run.

For the schema whose SQL is recorded, for migrations that cannot be replayed, and for tenants that failed.
Each migration is a transaction of its own, as always with Django; the manifest's mark comes after them. Who
dies in between leaves a schema that is current and not marked, which the next scan finds out.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import DatabaseError
from django.db.migrations import Migration

from apps.tenants.fleet.outcome import Attempts, ConnectionLost, Outcome, Timeouts, cause
from apps.tenants.fleet.record import operations_on_database
from apps.tenants.models import MigrationTarget
from apps.tenants.schemas import (
    TEMPLATE,
    Watch,
    connection,
    schema_migrate,
    template_migrate,
    unwatched,
)


class Ordinary:
    """Runs the migrations that a schema lacks; uses the connection of the thread that calls it."""

    def __init__(self, timeouts: Timeouts, watch: Watch = unwatched) -> None:
        self._timeouts, self._watch = timeouts, watch

    def __call__(self, target: MigrationTarget) -> Outcome:
        attempts = Attempts()
        began_s = time.monotonic()
        planned: list[int] = []

        @contextmanager
        def around(migrations: list[Migration]) -> Iterator[None]:
            planned.append(len(migrations))
            with self._limits(), self._watch(migrations):
                _drop_leftovers(migrations)
                yield

        try:
            attempts.until_unlocked(lambda: _migrate(target.schema_name, around))
        except Exception as error:  # RunPython may raise anything
            if isinstance(error, DatabaseError) and _lost():
                raise ConnectionLost(str(cause(error))) from error
            return Outcome.failed(target, attempts.made, error)
        duration_ms = round(1000 * (time.monotonic() - began_s))
        # The first plan: what ran before a lock was not to be had stays.
        return Outcome(target, attempts.made, migrations=planned[0], duration_ms=duration_ms)

    @contextmanager
    def _limits(self) -> Iterator[None]:
        """Session-wide: each migration has a transaction of its own, and some have none."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false), "
                "set_config('statement_timeout', %s, false)",
                [str(self._timeouts.lock_ms), str(self._timeouts.statement_s * 1000)],
            )
        try:
            yield
        finally:
            if not _lost():
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
                    cursor.execute("RESET statement_timeout")


def _migrate(schema_name: str, watch: Watch) -> None:
    if schema_name == TEMPLATE:
        template_migrate(watch=watch)
    else:
        schema_migrate(schema_name, watch=watch)


def _drop_leftovers(migrations: list[Migration]) -> None:
    """Indexes that an earlier attempt at a migration without transaction left, whole or invalid.

    CREATE INDEX CONCURRENTLY that was killed leaves an index of its name, and would fail the next time.
    """
    for migration in migrations:
        for operation in operations_on_database(migration.operations):
            if isinstance(operation, AddIndexConcurrently):
                schema, index = map(
                    connection.ops.quote_name, (connection.schema_name, operation.index.name)
                )
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{index}")


def _lost() -> bool:
    return connection.connection is None or connection.connection.closed
