"""Two logins to one database: the app's, which is confined, and the system's, which owns the tables.

Web requests and tenants' tasks speak as the app: in a tenant with that tenant's role, outside of one
with a role to which row-level security shows no tenant's row. Commands, provisioning, the relay and the
console speak as the system. Code says which: `with system_connection():`.

Where there is only one login (tests, a developer's own database), the app's role is taken instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from apps.common.tenancy import current_entry

# Database alias of the system's login, where it has one of its own (DATABASE_SYSTEM_URL).
SYSTEM_ALIAS = "system"

# 0: none. What is set lasts for the statements of a request or task, and travels with the tenant's context.
_statement_limit_ms: ContextVar[int] = ContextVar("statement_limit_ms", default=0)

_OFF = object()
# The tenant's entry in which the system was called, None outside of one; _OFF: the app speaks.
_system: ContextVar[object] = ContextVar("system", default=_OFF)


def is_system() -> bool:
    """Whether the system speaks. A tenant that is entered inside the block speaks for itself."""
    return _system.get() is current_entry()


def execute_with_next(statement: str, parameters: list[Any]) -> None:
    """Execute in the transaction, now or together with what is executed next: it costs no round trip.

    For statements whose result nobody looks at. If it fails, the next one or the commit does.
    """
    connections[DEFAULT_DB_ALIAS].execute_with_next(statement, parameters)  # type: ignore[attr-defined]


def fetch_texts(statement: str) -> list[tuple[bytes | None, ...]]:
    """The rows of a read that is complete with its values, as PostgreSQL writes them. One round trip.

    What is read again and again in a tenant is parsed and planned once a connection, where connections are
    our own (docs/adr/0046).
    """
    found: list[tuple[bytes | None, ...]]
    found = connections[DEFAULT_DB_ALIAS].fetch_texts(statement)  # type: ignore[attr-defined]
    return found


def in_transaction() -> bool:
    """Whether one is open that is not a test's own: nobody may be waited for then."""
    blocks = connections[DEFAULT_DB_ALIAS].atomic_blocks
    return any(not block._from_testcase for block in blocks)  # type: ignore[attr-defined]


@contextmanager
def system_connection() -> Iterator[None]:
    """Speak as the system for the block; also a decorator. Nests.

    What is done within is no part of a transaction that is open on the app's login. Evaluate querysets
    inside.
    """
    with _speaking(current_entry()):
        if SYSTEM_ALIAS not in connections.settings:
            yield
            return
        before = connections[DEFAULT_DB_ALIAS]
        system = connections[SYSTEM_ALIAS]
        # The rest of Django is to take it for the default connection.
        system.alias = DEFAULT_DB_ALIAS
        connections[DEFAULT_DB_ALIAS] = system
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = before


def statement_limit_ms() -> int:
    """How long a statement may take now, in milliseconds, waiting for locks and all; 0: any time."""
    return _statement_limit_ms.get()


@contextmanager
def statement_limit(limit_ms: int) -> Iterator[None]:
    """No statement in the block takes longer (0: however long it takes); also a decorator. Nests.

    It costs no round trip. A statement that takes longer is cancelled by the server and raises
    OperationalError, which is answered with 503 (apps/common/outages.py). COPY and named cursors count, too.
    """
    token = _statement_limit_ms.set(limit_ms)
    try:
        yield
    finally:
        _statement_limit_ms.reset(token)


@contextmanager
def app_connection() -> Iterator[None]:
    """Speak as the app for the block: what a web request begins with. Not within system_connection()."""
    if (
        SYSTEM_ALIAS in connections.settings
        and connections[DEFAULT_DB_ALIAS] is connections[SYSTEM_ALIAS]
    ):
        raise RuntimeError("a request cannot be served inside system_connection()")
    with _speaking(_OFF), statement_limit(settings.DATABASE_WEB_STATEMENT_TIMEOUT_MS):
        yield


@contextmanager
def _speaking(value: object) -> Iterator[None]:
    token = _system.set(value)
    try:
        yield
    finally:
        _system.reset(token)
