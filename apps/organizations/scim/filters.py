"""SCIM filters and sort orders (RFC 7644, section 3.4.2) as conditions that PostgreSQL evaluates.

scim2-models parses a filter, and checks operators and values against the schema; here its tree becomes a Q.
What the schema does not declare is an invalidFilter, never a condition that is left out.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from scim2_models import InvalidFilterException, InvalidPathException, ScimFilter, SearchRequest
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from apps.common.ids import parse_uuid
from apps.organizations.models import GroupMembership

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING
OPERATORS = {
    CompareOperator.gt: "gt",
    CompareOperator.ge: "gte",
    CompareOperator.lt: "lt",
    CompareOperator.le: "lte",
}
ORDERINGS: dict[CompareOperator, Any] = {
    CompareOperator.gt: GreaterThan,
    CompareOperator.ge: GreaterThanOrEqual,
    CompareOperator.lt: LessThan,
    CompareOperator.le: LessThanOrEqual,
}


class Kind(Enum):
    """TEXT is compared without regard to case, EXACT with it. ADDRESS is stored in lower case."""

    TEXT = auto()
    EXACT = auto()
    ADDRESS = auto()
    BOOLEAN = auto()
    TIME = auto()
    ID = auto()
    CONSTANT = auto()


@dataclass(frozen=True, slots=True)
class Attribute:
    """Where an attribute's values are. column: a field or an annotation; of a CONSTANT its value."""

    kind: Kind
    column: Any
    # Of a relation with several rows, by which the value is held: a query for them, by the outer row.
    many: Any = None


Attributes = Mapping[tuple[str, str | None], Attribute]
META: Attributes = {
    ("meta", "created"): Attribute(Kind.TIME, "created_at"),
}
USERS: Attributes = {
    **META,
    ("id", None): Attribute(Kind.ID, "id"),
    ("external_id", None): Attribute(Kind.EXACT, "external_id"),
    ("user_name", None): Attribute(Kind.ADDRESS, "user_name"),
    ("display_name", None): Attribute(Kind.TEXT, "display_name"),
    ("name", "formatted"): Attribute(Kind.TEXT, "display_name"),
    ("name", "given_name"): Attribute(Kind.TEXT, "given_name"),
    ("name", "family_name"): Attribute(Kind.TEXT, "family_name"),
    ("active", None): Attribute(Kind.BOOLEAN, "active"),
    ("emails", "value"): Attribute(Kind.ADDRESS, "user_name"),
    ("emails", "type"): Attribute(Kind.CONSTANT, "work"),
    ("emails", "primary"): Attribute(Kind.CONSTANT, True),
    ("groups", "value"): Attribute(
        Kind.ID, "group_id", GroupMembership.objects.filter(user=OuterRef("pk"))
    ),
    ("groups", "display"): Attribute(
        Kind.TEXT, "group__display_name", GroupMembership.objects.filter(user=OuterRef("pk"))
    ),
    ("meta", "last_modified"): Attribute(Kind.TIME, "modified_at"),
    ("meta", "resource_type"): Attribute(Kind.CONSTANT, "User"),
}
GROUPS: Attributes = {
    **META,
    ("id", None): Attribute(Kind.ID, "id"),
    ("external_id", None): Attribute(Kind.EXACT, "external_id"),
    ("display_name", None): Attribute(Kind.TEXT, "display_name"),
    ("members", "value"): Attribute(
        Kind.ID, "user_id", GroupMembership.objects.filter(group=OuterRef("pk"))
    ),
    ("members", "display"): Attribute(
        Kind.TEXT, "user__display_name", GroupMembership.objects.filter(group=OuterRef("pk"))
    ),
    ("meta", "last_modified"): Attribute(Kind.TIME, "updated_at"),
    ("meta", "resource_type"): Attribute(Kind.CONSTANT, "Group"),
}
# What `pr` of a whole attribute asks for.
WHOLE = {
    "name": "formatted",
    "emails": "value",
    "meta": "created",
    "groups": "value",
    "members": "value",
}


def filter_condition(scim_filter: ScimFilter[Any], attributes: Attributes) -> Q:
    """Raises InvalidFilterException."""
    return _ToCondition(scim_filter, attributes).visit(scim_filter.ast)


def sort_order(search: SearchRequest[Any], model: type[Any], attributes: Attributes) -> list[Any]:
    """The ORDER BY, total. Raises InvalidPathException."""
    if search.sort_by is None:
        return ["id"]
    binding = search.sort_binding(model)
    attribute = attributes.get((binding.field_name, binding.sub_field_name)) if binding else None
    if attribute is None or attribute.many is not None:
        raise InvalidPathException(detail=f"Cannot sort on {str(search.sort_by)!r}")
    if attribute.kind is Kind.CONSTANT:
        return ["id"]
    column = Lower(attribute.column) if attribute.kind is Kind.TEXT else F(attribute.column)
    if search.sort_order == SearchRequest.SortOrder.descending:
        return [column.desc(nulls_first=True), "id"]
    return [column.asc(nulls_last=True), "id"]


class _ToCondition(FilterVisitor[Q]):
    """within: the attribute whose values are selected from (`emails[...]`)."""

    def __init__(
        self, scim_filter: ScimFilter[Any], attributes: Attributes, within: AttrPath | None = None
    ) -> None:
        self._filter, self._attributes, self._within = scim_filter, attributes, within

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        join = and_ if node.op == LogicalOperator.and_ else or_
        return reduce(join, (self.visit(term) for term in node.terms))

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_value_path(self, node: ValuePath) -> Q:
        """All its conditions have to hold of one value; of relations with rows only one can be asked."""
        inner = _ToCondition(self._filter, self._attributes, node.attr_path)
        if isinstance(node.val_filter, LogicalExpr | Not) and self._has_rows(node.attr_path):
            raise InvalidFilterException(
                detail=f"Only one condition can be asked of {node.attr_path} at a time"
            )
        return inner.visit(node.val_filter)

    def visit_present(self, node: Present) -> Q:
        attribute = self._attribute(node.attr_path, of_whole=True)
        if attribute.kind is Kind.CONSTANT:
            return EVERYTHING
        return _anywhere(attribute, _has_value(attribute))

    def visit_comparison(self, node: Comparison) -> Q:
        attribute = self._attribute(node.attr_path)
        if node.op == CompareOperator.ne:
            return ~self._compare(attribute, node, CompareOperator.eq)
        return self._compare(attribute, node, node.op)

    def _compare(self, attribute: Attribute, node: Comparison, op: CompareOperator) -> Q:
        binding = self._binding(node.attr_path)
        value = coerce_value(binding, node.value, op)
        if value is None:
            # Equal to null is what has no value; nothing else compares with it.
            return (
                ~_anywhere(attribute, _has_value(attribute))
                if op == CompareOperator.eq
                else NOTHING
            )
        if attribute.kind is Kind.CONSTANT:
            actual, wanted = binding.comparable(attribute.column), binding.comparable(value)
            return EVERYTHING if _constant(actual, wanted, op) else NOTHING
        return _anywhere(attribute, _condition(attribute, value, op))

    def _binding(self, path: AttrPath) -> Any:
        found = self._filter.resolve_comparison(self._full(path))
        assert found is not None  # noqa: S101 - the filter is bound to a model
        return found

    def _attribute(self, path: AttrPath, *, of_whole: bool = False) -> Attribute:
        if of_whole:
            binding = self._filter.resolve(self._full(path))
            assert binding is not None  # noqa: S101 - the filter is bound to a model
        else:
            binding = self._binding(path)
        sub = binding.sub_field_name
        if of_whole and sub is None:
            sub = WHOLE.get(binding.field_name)
        attribute = self._attributes.get((binding.field_name, sub))
        if attribute is None:
            raise InvalidFilterException(detail=f"{path} cannot be filtered by")
        return attribute

    def _full(self, path: AttrPath) -> AttrPath:
        """The path from the resource: inside of `emails[...]` it is relative to emails."""
        if self._within is None:
            return path
        return AttrPath(self._within.attr, path.attr, self._within.uri)

    def _has_rows(self, path: AttrPath) -> bool:
        return self._attribute(path, of_whole=True).many is not None


def _anywhere(attribute: Attribute, condition: Q) -> Q:
    return condition if attribute.many is None else Q(Exists(attribute.many.filter(condition)))


def _has_value(attribute: Attribute) -> Q:
    column = attribute.column
    if attribute.kind in (Kind.TEXT, Kind.EXACT, Kind.ADDRESS):
        return Q(**{f"{column}__isnull": False}) & ~Q(**{column: ""})
    return Q(**{f"{column}__isnull": False})


def _condition(attribute: Attribute, value: Any, op: CompareOperator) -> Q:  # noqa: PLR0911 - a table
    column = attribute.column
    if isinstance(value, str) and "\0" in value:
        # PostgreSQL has no such text.
        return NOTHING
    match attribute.kind:
        case Kind.ID:
            return _id_condition(column, value, op)
        case Kind.BOOLEAN:
            return Q(**{column: value})
        case Kind.TIME:
            if not isinstance(value, datetime):
                raise InvalidFilterException(
                    detail="Compare a time as a whole, with eq, gt, ge, lt or le"
                )
            if value.tzinfo is None:
                raise InvalidFilterException(detail="A time needs its offset, for example Z")
            return Q(**{f"{column}__{OPERATORS.get(op, 'exact')}": value})
    is_exact = attribute.kind is Kind.EXACT
    if attribute.kind is Kind.ADDRESS:
        value, is_exact = value.lower(), True
    i = "" if is_exact else "i"
    match op:
        case CompareOperator.eq:
            return Q(**{f"{column}__{i}exact": value})
        case CompareOperator.co:
            return Q(**{f"{column}__{i}contains": value})
        case CompareOperator.sw:
            return Q(**{f"{column}__{i}startswith": value})
        case CompareOperator.ew:
            return Q(**{f"{column}__{i}endswith": value})
    if is_exact:
        return Q(**{f"{column}__{OPERATORS[op]}": value})
    return Q(ORDERINGS[op](Lower(column), Value(value.lower())))


def _id_condition(column: str, value: Any, op: CompareOperator) -> Q:
    if op != CompareOperator.eq:
        raise InvalidFilterException(detail="Ids can be compared with eq and ne")
    found: uuid.UUID | None = parse_uuid(value)
    return Q(**{column: found}) if found else NOTHING


def _constant(actual: Any, value: Any, op: CompareOperator) -> bool:
    """A comparison whose outcome is the same for all."""
    if isinstance(actual, bool):
        return bool(actual == value)
    return bool(
        {
            CompareOperator.eq: actual == value,
            CompareOperator.co: value in actual,
            CompareOperator.sw: actual.startswith(value),
            CompareOperator.ew: actual.endswith(value),
            CompareOperator.gt: actual > value,
            CompareOperator.ge: actual >= value,
            CompareOperator.lt: actual < value,
            CompareOperator.le: actual <= value,
        }[op]
    )
