from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    kind: for programs. subject: the schema, table or role. detail: for people. mend: what sets it right, SQL
    or a function; None where a person has to decide. drops: mending drops what nobody seems to use.
    """

    kind: str
    subject: str
    detail: str
    mend: sql.Composed | Callable[[], object] | None = None
    drops: bool = False

    def is_mendable(self, drop_orphans: bool) -> bool:
        return self.mend is not None and (drop_orphans or not self.drops)

    @transaction.atomic
    def run(self) -> None:
        if isinstance(self.mend, sql.Composed):
            with connection.cursor() as cursor:
                cursor.execute(self.mend)
        elif self.mend is not None:
            self.mend()


def rows(query: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def statement(text: str, **names: str) -> sql.Composed:
    """SQL with each {name} quoted as an identifier. Privileges and other keywords stand in the text."""
    return sql.SQL(text).format(**{name: sql.Identifier(value) for name, value in names.items()})
