"""One consistent view of a tenant, by a connection that can see nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from apps.common.tenancy import TenantRef, tenant_context
from apps.tenants.catalogue import COLUMNS_SQL, UNCLONABLE_SQL
from apps.tenants.exports.withheld import is_withheld

LOCK_TIMEOUT_MS = 30_000
# How often the tables may change between being listed and being locked, by migrations.
ATTEMPTS = 3
CONTEXT_SQL = """
SET LOCAL search_path = {schema};
SET LOCAL ROLE {role};
SET LOCAL app.tenant_id = {tenant_id};
SET LOCAL lock_timeout = {lock_timeout};
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL timezone = 'UTC';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
"""
BLOCK_BYTES = 256 * 1024


class SchemaUnreadable(RuntimeError):
    """The schema holds what an archive cannot hold, or it changes all the time."""


@dataclass(frozen=True, slots=True)
class Table:
    """columns: those that hold data of their own, not what PostgreSQL computes from them.

    Without those that are withheld.
    """

    name: str
    columns: tuple[str, ...]

    @property
    def sql_name(self) -> sql.Identifier:
        return sql.Identifier(self.name)

    @property
    def sql_columns(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


class Snapshot:
    """An open read-only transaction of the tenant's role; `tables` are locked against changes of form."""

    def __init__(self, connection: psycopg.Connection[Any], ref: TenantRef) -> None:
        self.connection, self.ref = connection, ref
        self.tables: list[Table] = []

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        """query: of ours, never of a caller's making."""
        return self.connection.execute(query.encode(), parameters or None).fetchall()

    def table_objects(self, table: Table) -> Iterator[bytes]:
        """The table's rows as JSON, one object a line."""
        return self._objects(sql.SQL("SELECT {} FROM {}").format(table.sql_columns, table.sql_name))

    def objects(self, query: str, **parameters: object) -> Iterator[bytes]:
        """A query's rows as JSON, one object a line."""
        cursor = psycopg.ClientCursor(self.connection)
        return self._objects(sql.SQL(cursor.mogrify(query, parameters)))

    def _objects(self, query: sql.Composable) -> Iterator[bytes]:
        statement = sql.SQL("COPY (SELECT row_to_json(t) FROM ({}) AS t) TO STDOUT").format(query)
        for block in self.copy(statement):
            # JSON has no raw control characters: all that COPY's text format does to it is to double
            # the backslashes.
            yield block.replace(b"\\\\", b"\\")

    def copy(self, statement: sql.Composed) -> Iterator[bytes]:
        """What `COPY ... TO STDOUT` yields, in blocks of whole rows of about BLOCK_BYTES."""
        block: list[bytes] = []
        size = 0
        with self.connection.cursor() as cursor, cursor.copy(statement) as copied:
            for data in copied:
                block.append(bytes(data))
                size += len(data)
                if size >= BLOCK_BYTES:
                    yield b"".join(block)
                    block, size = [], 0
        if block:
            yield b"".join(block)


@contextmanager
def snapshot(ref: TenantRef) -> Iterator[Snapshot]:
    """Open one with the app's login, besides the connections of the thread.

    Takes an ACCESS SHARE lock on each of the tenant's tables: migrations wait, nobody else does. The
    locks last until the end, so that whoever drops the tables knows that no export is under way.
    Raises SchemaUnreadable, LockNotAvailable.
    """
    with tenant_context(None):
        parameters = connections.create_connection(DEFAULT_DB_ALIAS).get_connection_params()
    with psycopg.connect(**{**parameters, "application_name": "wrapper export"}) as connection:
        for _ in range(ATTEMPTS):
            found = Snapshot(connection, ref)
            if _begin(found):
                yield found
                return
            connection.rollback()
        raise SchemaUnreadable("the tables were changed again and again; try later")


def _begin(found: Snapshot) -> bool:
    """Lock what is there, then see it. False when the tables changed between the two."""
    connection, ref = found.connection, found.ref
    listed = _tables(found)
    connection.rollback()
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.execute(
        sql.SQL(CONTEXT_SQL).format(
            schema=sql.Identifier(ref.schema_name),
            role=sql.Identifier(ref.role_name),
            tenant_id=sql.Literal(str(ref.id)),
            lock_timeout=sql.Literal(LOCK_TIMEOUT_MS),
        )
    )
    if listed:
        # LOCK takes no snapshot: the first SELECT does, which then sees no half of a migration.
        names = sql.SQL(", ").join(table.sql_name for table in listed)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))
    found.tables = _tables(found)
    if found.tables != listed:
        return False
    odd = [name for (name,) in found.rows(UNCLONABLE_SQL, schema=ref.schema_name)]
    if odd:
        raise SchemaUnreadable(f"an archive cannot hold these objects: {', '.join(sorted(odd))}")
    return True


def _tables(found: Snapshot) -> list[Table]:
    schema = found.ref.schema_name
    columns: dict[str, list[str]] = {}
    for table, column, _ in found.rows(COLUMNS_SQL, schema=schema):
        if not is_withheld(table, column):
            columns.setdefault(table, []).append(column)
    return [Table(name, tuple(named)) for name, named in columns.items()]
