"""A schema as plain SQL that psql loads into an empty database: no roles, nothing of the public schema."""

from collections.abc import Callable, Iterator

from psycopg import sql

from apps.tenants.catalogue import DUMP_SQL, ROWS_PHASE, SEQUENCES_SQL
from apps.tenants.exports.snapshot import Snapshot, Table

HEAD = """\
-- Everything in one schema, as of one moment. Load it into an empty database:
--   psql -v ON_ERROR_STOP=1 -f dump.sql
BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL standard_conforming_strings = on;
SET LOCAL client_min_messages = warning;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL timezone = 'UTC';
CREATE SCHEMA {schema};
SET LOCAL search_path = {schema};

"""
TAIL = "COMMIT;\n"


def dump(
    found: Snapshot, *, table_done: Callable[[], None], rows: dict[str, int]
) -> Iterator[bytes]:
    """The script, in blocks. table_done is called after each table; its rows are counted into `rows`."""
    schema = sql.Identifier(found.ref.schema_name)
    yield _text(found, sql.SQL(HEAD).format(schema=schema))
    statements = found.rows(DUMP_SQL, schema=found.ref.schema_name)
    yield _script(statement for phase, _, statement in statements if phase < ROWS_PHASE)
    for table in found.tables:
        count = 0
        yield _text(
            found,
            sql.SQL("\nCOPY {} ({}) FROM stdin;\n").format(table.sql_name, table.sql_columns),
        )
        for block in found.copy(_copy(table)):
            # Line breaks inside of values are escaped: each one ends a row.
            count += block.count(b"\n")
            yield block
        yield b"\\.\n"
        rows[table.name] = count
        table_done()
    yield b"\n"
    yield _script(statement for phase, _, statement in statements if phase > ROWS_PHASE)
    yield _script(_sequences(found))
    yield TAIL.encode()


def _copy(table: Table) -> sql.Composed:
    # In no order: a sort would be silent for minutes on a large table.
    return sql.SQL("COPY {} ({}) TO STDOUT").format(table.sql_name, table.sql_columns)


def _sequences(found: Snapshot) -> Iterator[str]:
    for sequence, table, column in found.rows(SEQUENCES_SQL, schema=found.ref.schema_name):
        ((last_value, is_called),) = found.rows(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - quoted by PostgreSQL
        literals = [sql.Literal(value).as_string(found.connection) for value in (table, column)]
        called = "true" if is_called else "false"
        yield (
            f"SELECT setval(pg_get_serial_sequence({', '.join(literals)}), {last_value}, {called})"
        )


def _script(statements: Iterator[str]) -> bytes:
    return "".join(f"{statement};\n" for statement in statements).encode()


def _text(found: Snapshot, composed: sql.Composable) -> bytes:
    return composed.as_bytes(found.connection)
