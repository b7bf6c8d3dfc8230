"""A cursor whose statements bring the tenant's context with them."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from psycopg import sql

from apps.common.watching import written_by

if TYPE_CHECKING:
    from psycopg import ClientCursor as Cursor

    from apps.tenants.backend.base import DatabaseWrapper
else:
    from django.db.backends.postgresql.base import Cursor


class ContextCursor(Cursor):
    """Binds parameters itself, like Django's, so that two statements fit into one message.

    `wrapper` is set on the cursors that Django makes; one that is made on the bare connection (a health
    check) asks for no context.
    """

    wrapper: "DatabaseWrapper | None" = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> "ContextCursor":
        written = written_by(query) if self.wrapper else ()
        if not written:
            return self._execute(query, params, **options)
        assert self.wrapper is not None  # noqa: S101 - it was asked
        with self.wrapper.writing(written):
            return self._execute(query, params, **options)

    def _execute(self, query: Any, params: Any = None, **options: Any) -> "ContextCursor":
        prefix, results = self.wrapper.prefix() if self.wrapper else ("", 0)
        if not prefix:
            super().execute(query, params, **options)
            return self
        assert self.wrapper is not None  # noqa: S101 - it gave the prefix
        # A percent sign of the prefix is none of a placeholder.
        sent = prefix.replace("%", "%%") if params is not None else prefix
        try:
            super().execute(_joined(sent, query), params, **options)
        except BaseException as error:
            self.wrapper.prefix_failed(error)
            raise
        self.wrapper.prefix_sent()
        with suppress(IndexError):  # an empty statement has no result
            self.set_result(results)
        # What Django logs and counts is the statement that it gave.
        if self._query is not None:
            self._query.query = self._query.query.removeprefix(prefix.encode())
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        self._ensure_context()
        if self.wrapper is None:
            super().executemany(query, params_seq, **options)
            return
        with self.wrapper.writing(written_by(query)):
            super().executemany(query, params_seq, **options)

    def copy(self, *args: Any, **options: Any) -> Any:
        self._ensure_context()
        return super().copy(*args, **options)

    def stream(self, *args: Any, **options: Any) -> Any:
        self._ensure_context()
        return super().stream(*args, **options)

    def _ensure_context(self) -> None:
        if self.wrapper is not None:
            self.wrapper.context_ensure()


def _joined(prefix: str, query: Any) -> Any:
    if isinstance(query, bytes):
        return prefix.encode() + query
    if isinstance(query, sql.Composable):
        return sql.SQL(prefix) + query
    return prefix + query
