"""JSON that PostgreSQL writes, as a serializer describes it: for lists that need no instances of models."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.expressions import Case, Combinable, When
from django.db.models.functions import Cast
from rest_framework import serializers

# A function of PostgreSQL takes no more.
MAX_ARGUMENTS = 100
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


class Json(Func):
    """An expression whose text is JSON already."""

    output_field = TextField()
    template = "%(expressions)s"


class JsonObject(Json):
    """An object with the columns in their order: by concat(), twice as fast as json_build_object()."""

    def __init__(self, **columns: Any) -> None:
        self.keys = list(columns)
        for key in self.keys:
            if not key.isidentifier():
                raise ImproperlyConfigured(f"not a key: {key!r}")
        super().__init__(*columns.values())

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_context: Any
    ) -> tuple[str, list[Any]]:
        arguments: list[str] = []
        params: list[Any] = []
        text = ""
        for piece, values in self._pieces(compiler):
            if values is None:
                text += piece
                continue
            arguments += [f"'{text}'", piece]
            params += values
            text = ""
        arguments.append(f"'{text}'")
        calls = [
            f"concat({', '.join(arguments[start : start + MAX_ARGUMENTS])})"
            for start in range(0, len(arguments), MAX_ARGUMENTS)
        ]
        return f"({' || '.join(calls)})", params

    def _pieces(self, compiler: Any) -> Iterator[tuple[str, list[Any] | None]]:
        """Text as it goes out, and SQL with its values, one after the other."""
        before = "{"
        for key, expression in zip(self.keys, self.get_source_expressions(), strict=True):
            yield f'{before}"{key}":', None
            before = ","
            if isinstance(expression, JsonObject):
                yield from expression._pieces(compiler)
                continue
            sql, values = compiler.compile(expression)
            if not isinstance(expression, Json):
                sql = f"coalesce(to_json({sql}), 'null')"
            yield sql, list(values)
        yield "}", None


class JsonArray(Json):
    """Of the objects that a subquery gives, in its order."""

    template = "concat('[', array_to_string(%(expressions)s, ','), ']')"


class IsoTime(Json):
    """RFC 3339 in UTC with Z and microseconds unless there are none: what the serializers write."""

    template = (
        "coalesce(replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        """'\\"YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""'), '.000000Z', 'Z'), 'null')"""
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


def json_list(
    rows: QuerySet[Any], serializer: serializers.BaseSerializer, prefix: str = ""
) -> Json:
    """An array of what belongs to the row: rows, with an OuterRef to it, in their order."""
    return JsonArray(ArraySubquery(rows.values(json=json_of(serializer, prefix))))


def _column(field: serializers.Field, prefix: str) -> Combinable:
    path = prefix + "__".join(field.source_attrs)
    if isinstance(field, serializers.Serializer):
        found: Combinable = json_of(field, f"{path}__")
        if field.allow_null:
            none = When(**{f"{path}__isnull": True}, then=Value("null", TextField()))
            found = Json(Case(none, default=found, output_field=TextField()))
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
