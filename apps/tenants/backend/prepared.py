"""Reads that a connection has prepared: parsed and planned once, then called by name.

A name stands for one statement in one schema. PostgreSQL parses a prepared statement anew when the
search_path is another one than before, so one name for all tenants would gain nothing. Names are SQL's own
(PREPARE, EXECUTE), which travel in one message with the tenant's context; the protocol's do not.
"""

import itertools
from collections import OrderedDict
from typing import Any

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

    def take(self, schema: str, statement: str) -> tuple[str, int]:
        """What to send instead of the statement, and after how many results its own comes."""
        key = (schema, statement)
        if name := self._names.get(key):
            self._names.move_to_end(key)
            return f"EXECUTE {name}", 0
        times = self._times.pop(key, 0) + 1
        if times <= TIMES_BEFORE:
            self._times[key] = times
            if len(self._times) > MAX_COUNTED:
                self._times.popitem(last=False)
            return statement, 0
        self._names[key] = name = f"read_{next(self._next)}"
        text, results = f"PREPARE {name} AS {statement}; EXECUTE {name}", 1
        if len(self._names) > MAX_PREPARED:
            _, oldest = self._names.popitem(last=False)
            text, results = f"DEALLOCATE {oldest}; {text}", 2
        return text, results

    def forget(self, schema: str, statement: str) -> None:
        """It failed: whether it is prepared now, nobody knows. Its name is not used again."""
        self._names.pop((schema, statement), None)


def prepared_of(connection: Any) -> Prepared:
    """Of a psycopg connection, which keeps it: it ends with it."""
    found: Prepared = connection.__dict__.setdefault("wrapper_prepared", Prepared())
    return found
