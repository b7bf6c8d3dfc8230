"""Masks: what becomes of each column when a tenant is copied for a sandbox (docs/adr/0013).

The apps that own the tables declare it. A column that can hold anything about people, and for which nothing
is declared, fails a system check, and the copy too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import connection, models
from django.db.models import Field, Model

from apps.common.errors import Conflict
from apps.tenants.catalogue import COLUMNS_SQL

# The salt of one copy: random, made inside PostgreSQL, gone with the transaction that copies.
SALT_SETTING = "app.mask_salt"
SALT_SQL = (
    f"SELECT set_config('{SALT_SETTING}', gen_random_uuid()::text || gen_random_uuid()::text, true) "
    "IS NOT NULL"
)
# Without a salt it is NULL, and no hash that somebody could guess their way back from.
HASH = (
    f"encode(sha256(convert_to(nullif(current_setting('{SALT_SETTING}', true), '') "
    "|| lower({column}::text), 'UTF8')), 'hex')"
)
# Copied as it is: which migrations the copy has.
MIGRATIONS_TABLE = "django_migrations"


@dataclass(frozen=True, slots=True)
class Mask:
    """An SQL expression for the copied value.

    `{column}` is the value, `{hash}` a hex digest of it that is the same in all tables of one copy, and
    another one in the next. NULL stays NULL where the expression lets it.
    """

    sql: str

    EMAIL: ClassVar["Mask"]
    NAME: ClassVar["Mask"]
    ID: ClassVar["Mask"]
    TEXT: ClassVar["Mask"]
    JSON: ClassVar["Mask"]
    NEW_ID: ClassVar["Mask"]
    NULL: ClassVar["Mask"]

    def expression(self, column: str) -> str:
        return self.sql.replace("{hash}", HASH).replace("{column}", column)


# No mail reaches .invalid (RFC 2606).
Mask.EMAIL = Mask(
    "CASE WHEN {column} = '' THEN '' ELSE 'person-' || left({hash}, 12) || '@masked.invalid' END"
)
Mask.NAME = Mask("CASE WHEN {column} = '' THEN '' ELSE 'Person ' || upper(left({hash}, 6)) END")
# Of a person: who had one before is the same person in all tables, and nobody outside.
Mask.ID = Mask("left({hash}, 32)::uuid")
Mask.TEXT = Mask("CASE WHEN {column} <> '' THEN 'Masked' ELSE {column} END")
Mask.JSON = Mask("CASE WHEN {column} IS NOT NULL THEN '{}'::jsonb END")
# For nonces: what was signed with the old one is void.
Mask.NEW_ID = Mask("gen_random_uuid()")
Mask.NULL = Mask("NULL")

_masks: dict[type[Model], dict[str, Mask | None]] = {}
_left_out: set[type[Model]] = set()
# Types of columns that cannot say anything about a person beyond a number, a state or a moment.
HARMLESS = (
    models.BooleanField,
    models.DateTimeField,
    models.DecimalField,
    models.DurationField,
    models.FloatField,
    models.IntegerField,
)


def register_masks(model: type[Model], *, kept: Iterable[str] = (), **masks: Mask) -> None:
    """Declare a model's columns, from its app's AppConfig.ready(). kept: those that are copied as they are.

    Raises ImproperlyConfigured for a field that the model has not.
    """
    declared: dict[str, Mask | None] = {**dict.fromkeys(kept), **masks}
    for name in declared:
        try:
            model._meta.get_field(name)
        except FieldDoesNotExist as error:
            raise ImproperlyConfigured(f"{model._meta.label} has no field {name}") from error
    _masks[model] = declared


def register_left_out(model: type[Model]) -> None:
    """Declare that a model's rows are not copied: the copy begins without any. From AppConfig.ready()."""
    _left_out.add(model)


def is_free(field: "Field[Any, Any]") -> bool:
    """Whether a column can hold something about people that is nowhere else: it has to be declared.

    Not so: a row's own id, a reference to another row, one of a few choices, numbers and moments.
    """
    is_reference = field.primary_key or field.is_relation
    return not (is_reference or field.choices or isinstance(field, HARMLESS))


def undeclared(model: type[Model]) -> list[str]:
    if model in _left_out:
        return []
    declared = _masks.get(model, {})
    free = (field.name for field in model._meta.concrete_fields if is_free(field))
    return [name for name in free if name not in declared]


def tenant_models() -> list[type[Model]]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_config.name in settings.TENANT_APPS and model._meta.managed
    ]


@register()
def every_free_column_is_declared(**_kwargs: Any) -> list[CheckMessage]:
    """A column that is forgotten would carry real people's data into sandboxes."""
    return [
        Error(
            f"{model._meta.label}.{name} is neither masked nor kept in copies of a tenant",
            id="tenants.E006",
            hint="Declare it with register_masks in the app's ready().",
        )
        for model in tenant_models()
        for name in undeclared(model)
    ]


def copy_statement(source: str, target: str) -> str:
    """One statement that fills all tables of `target` from those of `source`, masked: one snapshot.

    Run SALT_SQL in the same transaction before. Raises Conflict for a table or a column that nobody
    declared and that cannot be left out.
    """
    tables: dict[str, list[tuple[str, bool]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS_SQL, {"schema": source})
        for table, column, is_optional in cursor.fetchall():
            tables.setdefault(table, []).append((column, is_optional))
    known = {model._meta.db_table: model for model in tenant_models()}
    parts = []
    for number, (table, columns) in enumerate(tables.items()):
        if known.get(table) in _left_out:
            continue
        pairs = _pairs(table, columns, known.get(table))
        names = ", ".join(quoted(name) for name, _ in pairs)
        values = ", ".join(value for _, value in pairs)
        parts.append(
            f"c{number} AS (INSERT INTO {quoted(target)}.{quoted(table)} ({names}) "  # noqa: S608 - quoted
            f"OVERRIDING SYSTEM VALUE SELECT {values} FROM {quoted(source)}.{quoted(table)})"
        )
    return f"WITH {', '.join(parts)} SELECT 1"


def _pairs(
    table: str, columns: list[tuple[str, bool]], model: type[Model] | None
) -> list[tuple[str, str]]:
    """(column, expression) of what is copied."""
    if table == MIGRATIONS_TABLE:
        return [(name, quoted(name)) for name, _ in columns]
    if model is None:
        raise Conflict(f"Nobody declared what may be copied of the table {table}.", code="unmasked")
    fields = {field.column: field for field in model._meta.concrete_fields}
    declared = _masks.get(model, {})
    pairs = []
    for name, is_optional in columns:
        field = fields.get(name)
        if field is not None and (field.name in declared or not is_free(field)):
            mask = declared.get(field.name)
            pairs.append((name, mask.expression(quoted(name)) if mask else quoted(name)))
        elif not is_optional:
            raise Conflict(
                f"Nobody declared what may be copied of {table}.{name}.", code="unmasked"
            )
    return pairs


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
