"""The database backend: every statement runs in the context of the tenant of the moment, or not at all.

The context is search_path, role, tenant id and statement_timeout. It is compared when a statement is
executed, and travels in the same round trip, in front of the statement: PostgreSQL runs the second only where
the first succeeded.
django-tenants' backend sets the search_path before each cursor instead and swallows a failure to do so,
which lets a statement run in the schema of the tenant before.

POOL_MODE of a DATABASES entry says how long a setting lasts (docs/adr/0009):
- session: until it is changed, on a connection that is ours alone. It is sent only when it differs.
- transaction: for one transaction, because PgBouncer may give the next one another server connection. A
  statement outside of a transaction brings its own context and is a transaction by itself.
"""

import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from django_tenants.postgresql_backend import base

from apps.common.caching import Namespace
from apps.common.database import is_system, statement_limit_ms
from apps.common.tenancy import PUBLIC_SCHEMA, checked_schema_name, current_tenant
from apps.tenants.backend.cursor import ContextCursor
from apps.tenants.backend.prepared import fetch_texts
from apps.tenants.backend.riders import Riders

# Schema, whether public is on the path, tenant id, role, how long a statement may take (ms).
Context = tuple[str, bool, str, str, int]

SESSION, TRANSACTION = "session", "transaction"
CONTEXT_STATEMENTS = 4  # search_path, role, tenant id, statement_timeout


class DatabaseWrapper(base.DatabaseWrapper):
    """`search_path_set_schemas` holds the Context that the server has; None: unknown."""

    search_path_set_schemas: Context | None
    # What the statement that is being sent brings with it; None: no other context.
    _carried: Context | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.riders = Riders()
        # Watched tables that the transaction has written to, and in which tenant.
        self._marked: set[tuple[str, str]] = set()

    @property
    def schema_name(self) -> str:
        """The schema in force: the entered tenant's, else what set_schema() chose (migrations)."""
        ref = current_tenant()
        return ref.schema_name if ref else self._chosen_schema

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        self._chosen_schema = value or PUBLIC_SCHEMA

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Choose a schema where no tenant is entered. For migrations; the rest uses tenant_context."""
        self.tenant = tenant
        self.schema_name = tenant.schema_name
        self.include_public_schema = include_public
        self.set_settings_schema(self._chosen_schema)

    # --- Connections ---------------------------------------------------------------------------------

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": ContextCursor}

    def connect(self) -> None:
        self.search_path_set_schemas = None
        self.riders.clear()
        super().connect()

    def close(self) -> None:
        self.riders.clear()
        super().close()

    def close_if_unusable_or_obsolete(self) -> None:
        """Also end a connection that served many tenants: a backend keeps what it learned of each schema.

        Called at the start and the end of a request or task, and by loops; within a block it does nothing.
        """
        if self.in_atomic_block:
            return
        limit = self.settings_dict.get("TENANTS_PER_CONNECTION", 0)
        if limit and len(self._served()) > limit:
            # A pool gives up a connection that comes back closed, and opens another.
            self.connection.close()
            self.close()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        """Without a round trip where nothing has come in: a server that ended a connection has said so."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0) or super().is_usable()

    def _served(self) -> set[str]:
        """Schemas of the tenants that the server's end of this connection has worked for."""
        if self.connection is None:
            return set()
        served: set[str] = self.connection.__dict__.setdefault("wrapper_served", set())
        return served

    # --- Transactions --------------------------------------------------------------------------------

    def _start_transaction_under_autocommit(self) -> None:
        """Django's hook: BEGIN goes with the first statement, instead of psycopg's in a message before it."""
        self.riders.begin()

    def commit(self) -> None:
        if self.lasts_a_transaction:
            self.search_path_set_schemas = None
        super().commit()

    def _commit(self) -> None:
        """Also what still waits, in the same message."""
        if self.riders.is_only_begin:
            self.riders.clear()
        if not self.riders:
            super()._commit()
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            self.connection.execute(f"{self.riders.text}COMMIT")
        self.riders.clear()

    def _rollback(self) -> None:
        self.riders.clear()
        self._marked.clear()
        super()._rollback()

    @contextmanager
    def _bare(self) -> Iterator[None]:
        """Statements about savepoints bring no context, which a rollback is to undo; it follows failures."""
        self._setting_search_path = True
        try:
            yield
        finally:
            self._setting_search_path = False

    def _savepoint(self, sid: str) -> None:
        with self._bare():
            super()._savepoint(sid)

    def _savepoint_rollback(self, sid: str) -> None:
        self.riders.clear()  # SAVEPOINT took those before it along, so these are since
        with self._bare():
            super()._savepoint_rollback(sid)

    def _savepoint_commit(self, sid: str) -> None:
        with self._bare():
            super()._savepoint_commit(sid)

    @contextmanager
    def writing(self, written: Iterable[Namespace]) -> Iterator[None]:
        """Around a statement that writes to watched tables: what is kept of them is good no more.

        From now until after the commit, which is at the end of the block outside of a transaction.
        """
        ref = current_tenant()
        scope = str(ref.id) if ref else ""
        new = [one for one in written if scope and (one.name, scope) not in self._marked]
        done = [one.mark(scope=scope) for one in new]
        if self.in_atomic_block:
            self._marked.update((one.name, scope) for one in new)
            for one in done:
                self.on_commit(one, robust=True)
            done = []
        yield
        for one in done:
            one()

    def run_and_clear_commit_hooks(self) -> None:
        self._marked.clear()
        super().run_and_clear_commit_hooks()

    def execute_with_next(self, statement: str, parameters: list[Any]) -> None:
        """Execute in the transaction, now or with what is executed next; nobody looks at its result.

        In the tenant's context of the moment; at once, if the server does not have that yet.
        """
        if self.in_atomic_block and self.has_context() and not self.needs_rollback:
            self.riders.add(self.connection.cursor().mogrify(statement, parameters))
            return
        with self.cursor() as cursor:
            cursor.execute(statement, parameters)

    def fetch_texts(self, statement: str) -> list[tuple[bytes | None, ...]]:
        """The rows of a read that is complete with its values; prepared from its third time on."""
        return fetch_texts(self, statement)

    # --- The context ---------------------------------------------------------------------------------

    @property
    def lasts_a_transaction(self) -> bool:
        """Whether a server connection is the client's for no longer than that."""
        return bool(self.settings_dict.get("POOL_MODE") == TRANSACTION)

    def create_cursor(self, name: str | None = None) -> Any:
        if name:
            # Declared by a statement of its own, which cannot carry the context.
            self.context_ensure()
        cursor = super().create_cursor(name)
        if not name:
            cursor.wrapper = self
        return cursor

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Nothing: django-tenants' hook at the making of a cursor, which is not yet its execution."""

    def prefix(self) -> tuple[str, int]:
        """What has to stand in front of the next statement, and how many results come of it.

        Riders, in the context that they were given in, then the statement's own context. If it is not empty,
        a call of prefix_sent or prefix_failed follows.
        """
        self._carried = None
        context = self._context_prefix()
        return self.riders.text + context, len(self.riders) + (CONTEXT_STATEMENTS if context else 0)

    def has_context(self) -> bool:
        """Whether the server has the context of the moment already."""
        return self.connection is not None and self.search_path_set_schemas == self._wanted()

    def _context_prefix(self) -> str:
        if self._setting_search_path:
            return ""
        wanted = self._wanted()
        if self.lasts_a_transaction and not self.in_atomic_block:
            self.search_path_set_schemas = None
        if self.search_path_set_schemas == wanted:
            return ""
        if not self.lasts_a_transaction and not self.in_atomic_block and is_system():
            # Migrations and maintenance have statements that refuse company, such as
            # CREATE INDEX CONCURRENTLY and VACUUM.
            self._send(wanted)
            return ""
        self._carried = wanted
        return context_sql(wanted, self.lasts_a_transaction)

    def context_ensure(self) -> None:
        """Send the context by itself, where a statement cannot carry it: COPY, many at once, named cursors.

        Raises TransactionManagementError in the transaction mode outside of a transaction.
        """
        self.ensure_connection()
        wanted = self._wanted()
        if self.lasts_a_transaction and not self.in_atomic_block:
            raise TransactionManagementError(
                "This needs a transaction: outside of one, PgBouncer may run it on another connection."
            )
        if not self._setting_search_path and self.search_path_set_schemas != wanted:
            self._send(wanted)
        elif self.riders:
            self.connection.execute(self.riders.text)
            self.riders.clear()

    def prefix_sent(self) -> None:
        self.riders.clear()
        if self._carried and (self.in_atomic_block or not self.lasts_a_transaction):
            self._note(self._carried)

    def prefix_failed(self, error: BaseException) -> None:
        """The statement or what it brought failed. Nobody may go on with what is left.

        An error that is not the server's (a parameter of an odd type) means that nothing was sent.
        """
        is_servers = (
            not isinstance(error, Exception) or getattr(error, "sqlstate", None) is not None
        )
        if self.riders and (is_servers or self.connection.closed):
            self.riders.clear()
            # A statement that cannot be parsed takes BEGIN with it, and what follows would be kept at once.
            self.needs_rollback = self.in_atomic_block
        if self._carried is None:
            return
        self.search_path_set_schemas = None
        if not self.in_atomic_block and not self.lasts_a_transaction:
            self.close()

    def _send(self, wanted: Context) -> None:
        self._carried = wanted
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(self.riders.text + context_sql(wanted, self.lasts_a_transaction))
        except Exception as error:
            self.prefix_failed(error)
            raise
        self.riders.clear()
        self._note(wanted)

    def _note(self, wanted: Context) -> None:
        self.search_path_set_schemas = wanted
        if wanted[2]:
            self._served().add(wanted[0])

    def _wanted(self) -> Context:
        ref = current_tenant()
        # "none" is the login's own role. Where there is one login for all, the app's role is taken.
        role = "none" if is_system() else ref.role_name if ref else settings.DATABASE_APP_ROLE
        limit_ms = statement_limit_ms()
        if ref is not None:
            return ref.schema_name, True, str(ref.id), role, limit_ms
        return self._chosen_schema, self.include_public_schema, "", role or "none", limit_ms


@lru_cache(maxsize=4096)
def context_sql(context: Context, local: bool) -> str:
    """CONTEXT_STATEMENTS that set the context, for the transaction or the session, each with a semicolon.

    SET, not set_config(): it costs half of it, and a SET TRANSACTION may still follow. The names are checked,
    not quoted: no percent sign and no quote can be in them, so that what follows may have parameters.
    Raises ValueError for a schema that is no tenant's.
    """
    schema, include_public, tenant_id, role, limit_ms = context
    if schema != PUBLIC_SCHEMA:
        checked_schema_name(schema)
    path = f"{schema}, {PUBLIC_SCHEMA}" if include_public and schema != PUBLIC_SCHEMA else schema
    scope = "LOCAL " if local else ""
    return (
        f"SET {scope}search_path = {path}; SET {scope}role = '{role}'; "
        f"SET {scope}app.tenant_id = '{tenant_id}'; SET {scope}statement_timeout = {limit_ms:d};\n"
    )
