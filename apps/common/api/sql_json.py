"""JSON that PostgreSQL writes, as a serializer describes it: for lists that need no instances of models."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.expressions import Case, Combinable, When
from django.db.models.functions import Cast
from rest_framework import serializers

AS_THEY_ARE = (
    serializers.CharField,
    serializers.UUIDField,
    serializers.IntegerField,
    serializers.FloatField,
    serializers.BooleanField,
    serializers.ChoiceField,
    serializers.DateField,
    serializers.ListField,
    serializers.JSONField,
)


class JsonObject(Func):
    """An object with the columns in their order; at most 50, as a function takes 100 arguments."""

    output_field = TextField()

    def __init__(self, **columns: Any) -> None:
        self.keys = list(columns)
        for key in self.keys:
            if not key.isidentifier():
                raise ImproperlyConfigured(f"not a key: {key!r}")
        super().__init__(*columns.values())

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_context: Any
    ) -> tuple[str, list[Any]]:
        parts, params = [], []
        for key, expression in zip(self.keys, self.get_source_expressions(), strict=True):
            sql, values = compiler.compile(expression)
            parts.append(f"'{key}', {sql}")
            params += values
        return f"json_build_object({', '.join(parts)})", params


class IsoTime(Func):
    """RFC 3339 in UTC with Z and microseconds unless there are none: what the serializers write."""

    output_field = TextField()
    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z')"
    )


def json_of(serializer: serializers.BaseSerializer, prefix: str = "") -> JsonObject:
    """What the serializer would give, of the row that `prefix` leads to ("role__").

    What is no column of the model the serializer has in `sql_columns`: by field, a function from the prefix
    to an expression. Raises ImproperlyConfigured for a field that is neither.
    """
    declared = getattr(serializer, "sql_columns", {})
    return JsonObject(
        **{
            name: declared[name](prefix) if name in declared else _column(field, prefix)
            for name, field in serializer.fields.items()  # type: ignore[attr-defined]
            if not field.write_only
        }
    )


def json_list(rows: QuerySet[Any], serializer: serializers.BaseSerializer) -> ArraySubquery:
    """An array of what belongs to the row: rows, with an OuterRef to it, in their order."""
    return ArraySubquery(rows.values(json=json_of(serializer)))


def _column(field: serializers.Field, prefix: str) -> Combinable:
    path = prefix + "__".join(field.source_attrs)
    if isinstance(field, serializers.Serializer):
        found: Combinable = json_of(field, f"{path}__")
        if field.allow_null:
            found = Case(When(**{f"{path}__isnull": True}, then=Value(None)), default=found)
        return found
    if isinstance(field, serializers.DateTimeField):
        return IsoTime(F(path))
    if isinstance(field, serializers.DecimalField):
        return Cast(path, TextField())
    if isinstance(field, AS_THEY_ARE):
        return F(path)
    raise ImproperlyConfigured(
        f"{type(field.parent).__name__}.{field.field_name} is no column: "
        "say in `sql_columns` how PostgreSQL finds it"
    )
