"""Take down the SQL that Django's executor really runs in one schema, to replay it in its likes.

Not what `sqlmigrate` guesses: what the schema editor executes, with deferred SQL and with the names of
constraints that it looked up. What depends on the data of a schema is not SQL of this kind (RunPython,
a default that is computed anew for each schema), and a schema with other migrations is no like.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.operations import (
    AddField,
    AlterField,
    RunPython,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation

from apps.tenants.schemas import Key, connection

# Modules of Django whose operations do all that they do through the schema editor.
REPEATABLE_MODULES = frozenset(
    f"django.db.migrations.operations.{name}" for name in ("models", "fields", "special")
)
REPEATABLE_TYPES = (AddConstraintNotValid, ValidateConstraint)
# What Django runs beside the schema editor: looks at the catalogue (of one schema), savepoints, its marks.
BESIDE = re.compile(
    r'\s*((SELECT|SHOW|SET search_path|SAVEPOINT|RELEASE SAVEPOINT)\b|INSERT INTO "django_migrations")'
)


# Each migration is a transaction; in a replay they are one, so what a commit would check is checked here.
END_OF_MIGRATION = ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")


@dataclass(frozen=True, slots=True)
class Script:
    """What brings a schema with exactly the migrations `applied` to those and `marks`."""

    applied: frozenset[Key]
    statements: tuple[str, ...]
    marks: tuple[Key, ...]


class Recorder:
    """A schemas.Watch. After the migrations ran, `script` has them, or `refused` says why it can't."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.refused = ""
        self._statements: list[str] = []
        self._in_editor = False

    @contextmanager
    def __call__(self, migrations: Sequence[Migration]) -> Iterator[None]:
        # Again, where a lock was not to be had the first time.
        self.script, self._statements = None, []
        self.refused = unrepeatable(migrations)
        before = _applied()
        plain = connection.SchemaEditorClass
        connection.SchemaEditorClass = self._recording(plain)
        try:
            with connection.execute_wrapper(self._look_beside):
                yield
        finally:
            connection.SchemaEditorClass = plain
        if not self.refused:
            known = frozenset(before)
            marks = tuple(key for key in _applied() if key not in known)
            self.script = Script(known, tuple(self._statements), marks)

    def _recording(self, plain: type[DatabaseSchemaEditor]) -> type[DatabaseSchemaEditor]:
        recorder = self

        class RecordingSchemaEditor(plain):  # type: ignore[valid-type,misc]
            def execute(self, sql: Any, params: Any = ()) -> None:
                text = str(sql)
                if params is not None:
                    text = connection.ops.compose_sql(text, params)
                recorder._in_editor = True
                try:
                    super().execute(text, None)
                finally:
                    recorder._in_editor = False
                recorder._statements.append(text)

            def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
                super().__exit__(kind, error, trace)
                recorder._statements += END_OF_MIGRATION

        return RecordingSchemaEditor

    def _look_beside(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """What changes something past the schema editor is not in the script, so there is none."""
        if not self._in_editor and not self.refused and not BESIDE.match(str(sql)):
            self.refused = f"a statement went past the schema editor: {str(sql)[:200]}"
        return execute(sql, params, many, context)


def unrepeatable(migrations: Sequence[Migration]) -> str:
    """Why these migrations cannot be replayed from their SQL; empty if they can."""
    for migration in migrations:
        if not migration.atomic:
            return f"{migration} is not atomic"
        for operation in operations_on_database(migration.operations):
            if reason := _unrepeatable_operation(operation):
                return f"{migration}: {reason}"
    return ""


def operations_on_database(operations: Sequence[Operation]) -> Iterator[Operation]:
    """With what SeparateDatabaseAndState does to the database, which is all that matters here."""
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from operations_on_database(operation.database_operations)
        else:
            yield operation


def _unrepeatable_operation(operation: Operation) -> str:
    kind = type(operation)
    if isinstance(operation, RunPython):
        return "RunPython depends on the data"
    if kind.__module__ not in REPEATABLE_MODULES and kind not in REPEATABLE_TYPES:
        return f"{kind.__name__} is not one of Django's schema operations"
    if isinstance(operation, AddField | AlterField):
        field = operation.field
        if field.has_default() and field.get_default() != field.get_default():
            return f"the default of {operation.name} is another one each time"
    return ""


def _applied() -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        return cursor.fetchall()
