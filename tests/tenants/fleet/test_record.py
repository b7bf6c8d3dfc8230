"""Which migrations may be replayed from their SQL, and that everything else is refused."""

import uuid
from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import connection, migrations, models
from django.db.migrations import Migration
from django.db.models import Q
from django.utils import timezone

from apps.tenants import schemas
from apps.tenants.fleet.record import END_OF_MIGRATION, Recorder, unrepeatable
from tests.tenants.fleet.conftest import COLUMN, Fleet


def migration(*operations: Any, atomic: bool = True) -> list[Migration]:
    one = Migration("0002_x", "organizations")
    one.operations, one.atomic = list(operations), atomic
    return [one]


def field(**options: Any) -> migrations.AddField:
    return migrations.AddField("member", "x", models.CharField(max_length=9, **options))


REPEATABLE = [
    field(null=True),
    field(default="x", db_default="x"),
    field(default=str),
    migrations.RunSQL("SELECT 1"),
    migrations.SeparateDatabaseAndState([field(null=True)], []),
    migrations.SeparateDatabaseAndState([], [migrations.RunPython(migrations.RunPython.noop)]),
    migrations.AlterModelOptions("member", {"ordering": ["x"]}),
    AddConstraintNotValid("member", models.CheckConstraint(condition=Q(x=""), name="x")),
    ValidateConstraint("member", "x"),
]


class OwnField(migrations.AddField):
    """Could do anything."""


class OwnPython(migrations.RunPython):
    pass


REFUSED = [
    (migrations.RunPython(migrations.RunPython.noop), "RunPython"),
    (OwnPython(migrations.RunPython.noop), "RunPython"),
    (migrations.SeparateDatabaseAndState([migrations.RunPython(print)], []), "RunPython"),
    (OwnField("member", "x", models.CharField(max_length=9)), "OwnField is not one of"),
    (
        migrations.AddField("member", "x", models.UUIDField(default=uuid.uuid4)),
        "the default of x is another one each time",
    ),
    (
        migrations.AlterField("member", "x", models.DateTimeField(default=timezone.now)),
        "the default of x is another one each time",
    ),
]


@pytest.mark.parametrize("operation", REPEATABLE, ids=lambda o: type(o).__name__)
def test_schema_operations_may_be_replayed(operation: Any) -> None:
    assert unrepeatable(migration(operation)) == ""


@pytest.mark.parametrize(("operation", "why"), REFUSED, ids=lambda o: type(o).__name__)
def test_what_depends_on_the_data_is_refused(operation: Any, why: str) -> None:
    reason = unrepeatable(migration(field(null=True), operation))
    assert reason.startswith("organizations.0002_x: ")
    assert why in reason


def test_a_migration_without_transaction_is_refused() -> None:
    assert unrepeatable(migration(atomic=False)) == "organizations.0002_x is not atomic"


def test_the_script_is_what_was_executed(still_fleet: Fleet) -> None:
    still_fleet.release("column")
    recorder = Recorder()
    before = frozenset(schemas.known_migrations() - {COLUMN})
    assert schemas.template_migrate(watch=recorder) == 1

    script = recorder.script
    assert script is not None
    assert script.statements == (
        'ALTER TABLE "organizations_member" ADD COLUMN "nickname" varchar(50) NULL',
        *END_OF_MIGRATION,
    )
    assert (script.applied, script.marks) == (before, (COLUMN,))
    assert "SchemaEditorClass" not in type(schemas.connection.SchemaEditorClass).__dict__
    assert schemas.connection.SchemaEditorClass.__name__ == "DatabaseSchemaEditor"


def test_a_statement_past_the_schema_editor_is_noticed(still_fleet: Fleet) -> None:
    recorder = Recorder()
    with recorder(migration()):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.execute("UPDATE tenants_tenant SET name = name")
    assert recorder.script is None
    assert recorder.refused == (
        "a statement went past the schema editor: UPDATE tenants_tenant SET name = name"
    )


def test_a_recording_that_is_done_again_starts_anew(still_fleet: Fleet) -> None:
    still_fleet.release("column")
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError), recorder(migration()):
        with connection.schema_editor() as editor:
            editor.execute("SELECT 1")
        raise ZeroDivisionError
    assert recorder.script is None
    schemas.template_migrate(watch=recorder)
    assert recorder.script is not None
    assert len(recorder.script.statements) == 1 + len(END_OF_MIGRATION)
