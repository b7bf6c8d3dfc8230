"""`?fields=` and `?expand=` of reads: less of each object, or more where it names another by its id."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import BaseSerializer, Serializer

from apps.common.actors import Actor
from apps.common.errors import InvalidInput

FIELDS, EXPAND = "fields", "expand"
SHAPING = (FIELDS, EXPAND)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expansion:
    """id_field: whose value names the other. load: those that the actor may see, by their ids as text.

    One statement for all rows of an answer. What may not be seen, or is not there, is null.
    """

    id_field: str
    load: Callable[[Actor, set[str]], Mapping[str, Any]]


class Shape:
    """What one request asks for. applied: whether the view has looked at it."""

    def __init__(self, parameters: QueryDict, expandable: Mapping[str, Expansion]) -> None:
        self.fields = _names(parameters, FIELDS)
        self.expand = _names(parameters, EXPAND) or []
        self.expandable = expandable
        self.is_applied = False
        _require_known(EXPAND, self.expand, expandable)

    def of(self, serializer: BaseSerializer[Any], actor: Actor | None) -> Any:
        """The serializer's data in this shape. What is not asked for is not read from the objects.

        actor: needed to expand. Raises InvalidInput for a field that it does not have.
        """
        child: Any = getattr(serializer, "child", serializer)
        assert isinstance(child, Serializer)  # noqa: S101 - the views' serializers have fields
        self.is_applied = True
        names = [*child.fields, *self.expand]
        needed = {self.expandable[name].id_field for name in self.expand}
        if self.fields is not None:
            _require_known(FIELDS, self.fields, names)
            for name in {*child.fields} - {*self.fields} - needed:
                child.fields.pop(name)
        data = serializer.data
        self._finish(data if isinstance(data, list) else [data], actor)
        return data

    def of_rows(self, fields: Sequence[str], rows: list[Row], actor: Actor) -> list[Row]:
        """As `of`, of rows that are written already and have these fields."""
        self.is_applied = True
        if self.fields is not None:
            _require_known(FIELDS, self.fields, [*fields, *self.expand])
        self._finish(rows, actor)
        return rows

    def _finish(self, rows: Sequence[Row], actor: Actor | None) -> None:
        if actor is not None:
            for name in self.expand:
                self._expand(actor, name, rows)
        if self.fields is not None:
            for row in rows:
                for name in {*row} - {*self.fields} - {*self.expand}:
                    del row[name]

    def _expand(self, actor: Actor, name: str, rows: Sequence[Row]) -> None:
        expansion = self.expandable[name]
        ids = {str(row[expansion.id_field]) for row in rows if row[expansion.id_field] is not None}
        found = expansion.load(actor, ids) if ids else {}
        for row in rows:
            row[name] = found.get(str(row[expansion.id_field]))


def is_shaped(parameters: QueryDict) -> bool:
    return FIELDS in parameters or EXPAND in parameters


def without_shaping(parameters: QueryDict) -> QueryDict:
    left = parameters.copy()
    for name in SHAPING:
        left.pop(name, None)
    return left


def not_shaped(parameters: QueryDict) -> InvalidInput:
    """For an operation that does not know these parameters."""
    name = FIELDS if FIELDS in parameters else EXPAND
    return InvalidInput.field(name, _("Unknown parameter."), "unknown_parameter")


def _names(parameters: QueryDict, parameter: str) -> list[str] | None:
    if parameter not in parameters:
        return None
    return [name.strip() for name in ",".join(parameters.getlist(parameter)).split(",")]


def _require_known(parameter: str, names: Sequence[str], known: Iterable[str]) -> None:
    known = [*known]
    if any(name not in known for name in names):
        raise InvalidInput.field(
            parameter,
            _("Name some of these, with commas between them: %s.") % (", ".join(known) or "none"),
            "unknown_field",
        )
