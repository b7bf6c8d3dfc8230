"""Reads that a connection has prepared: parsed and planned once, then called by name.

A name stands for one statement in one schema. PostgreSQL parses a prepared statement anew when the
search_path is another one than before, so one name for all tenants would gain nothing. Names are SQL's own
(PREPARE, EXECUTE), which travel in one message with the tenant's context; the protocol's do not.
"""

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

if TYPE_CHECKING:
    from apps.tenants.backend.base import DatabaseWrapper

# Each costs the server's process about 60 kB.
MAX_PREPARED = 60
MAX_COUNTED = 1_000
TIMES_BEFORE = 2


class Prepared:
    """Of one connection. The most recently used stay."""

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._next = itertools.count(1)

    def take(self, schema: str, statement: str) -> str:
        """What to send instead of the statement; its last result is the statement's."""
        key = (schema, statement)
        if name := self._names.get(key):
            self._names.move_to_end(key)
            return f"EXECUTE {name}"
        times = self._times.pop(key, 0) + 1
        if times <= TIMES_BEFORE:
            self._times[key] = times
            if len(self._times) > MAX_COUNTED:
                self._times.popitem(last=False)
            return statement
        self._names[key] = name = f"read_{next(self._next)}"
        text = f"PREPARE {name} AS {statement}; EXECUTE {name}"
        if len(self._names) > MAX_PREPARED:
            _, oldest = self._names.popitem(last=False)
            text = f"DEALLOCATE {oldest}; {text}"
        return text

    def forget(self, schema: str, statement: str) -> None:
        """It failed: whether it is prepared now, nobody knows. Its name is not used again."""
        self._names.pop((schema, statement), None)


def prepared_of(connection: Any) -> Prepared:
    """Of a psycopg connection, which keeps it: it ends with it."""
    found: Prepared = connection.__dict__.setdefault("wrapper_prepared", Prepared())
    return found


def fetch_texts(wrapper: "DatabaseWrapper", statement: str) -> list[tuple[bytes | None, ...]]:
    """The rows of a read that is complete with its values, as PostgreSQL writes them in UTF-8; None: NULL.

    By libpq's own call, which costs a third of what the cursors of Django and psycopg do; they are asked
    where somebody listens to statements.
    """
    wrapper.ensure_connection()
    text = statement
    if not wrapper.lasts_a_transaction:
        text = prepared_of(wrapper.connection).take(wrapper.schema_name, statement)
    try:
        if wrapper.queries_logged or wrapper.execute_wrappers:
            with wrapper.cursor() as cursor:
                cursor.execute(text)
                while cursor.nextset():
                    pass
                return _texts_of(cursor.pgresult)
        with wrapper.wrap_database_errors:
            return _texts_of(_execute(wrapper, text))
    except BaseException:
        if wrapper.connection is not None:
            prepared_of(wrapper.connection).forget(wrapper.schema_name, statement)
        raise


def _execute(wrapper: "DatabaseWrapper", text: str) -> PGresult:
    """In the context of the moment: one message, and its last result. Raises psycopg's errors."""
    prefix, _results = wrapper.prefix()
    pgconn = wrapper.connection.pgconn
    result: PGresult = pgconn.exec_(f"{prefix}{text}".encode())
    if result.status == ExecStatus.TUPLES_OK:
        if prefix:
            wrapper.prefix_sent()
        return result
    error = error_from_result(result)
    if pgconn.status == ConnStatus.BAD:
        error = OperationalError(str(error))
    if prefix:
        wrapper.prefix_failed(error)
    raise error


def _texts_of(result: PGresult) -> list[tuple[bytes | None, ...]]:
    columns = range(result.nfields)
    return [
        tuple([result.get_value(row, column) for column in columns])
        for row in range(result.ntuples)
    ]
