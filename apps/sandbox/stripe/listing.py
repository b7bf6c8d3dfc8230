"""Lists, by cursor (https://docs.stripe.com/api/pagination), and searches (https://docs.stripe.com/search)."""

import re
from typing import Any

from django.db.models import Q, QuerySet

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid, missing
from apps.sandbox.stripe.models import StripeObject
from apps.sandbox.stripe.registry import Json

DEFAULT_LIMIT, MAX_LIMIT = 10, 100
CLAUSE = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>[a-z_.]+)(\[(?P<q>["'])(?P<key>[^"']+)(?P=q)\])?\s*"""
    r"""(?P<operator>:|~|<=|>=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[\w.]+)\s*"""
)
COMPARED = {"gt", "gte", "lt", "lte"}


def page(
    ctx: Context, kind: str, params: Json, *, url: str = "", having: Json | None = None
) -> Json:
    """A page of the objects that have these attributes; `params` are of a list call.

    Its limit, starting_after, ending_before and created are looked at here; further ones are for the
    caller to put into `having`.
    """
    rows = ctx.rows(kind).filter(is_deleted=False)
    wanted = {name: value for name, value in (having or {}).items() if value is not None}
    if wanted:
        rows = rows.filter(data__contains=wanted)
    return rows_page(ctx, kind, rows, params, url=url)


def rows_page(
    ctx: Context, kind: str, rows: QuerySet[StripeObject], params: Json, *, url: str = ""
) -> Json:
    """`page` for rows of this kind that were chosen otherwise."""
    rows = _created(rows, params.get("created"))
    limit = limit_of(params)
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise Invalid(
            "Received both starting_after and ending_before parameters. Please pass in only one.",
            param="ending_before",
        )
    if before:
        cursor = _cursor(ctx, kind, before, "ending_before")
        newer = Q(created__gt=cursor.created) | Q(created=cursor.created, id__gt=cursor.id)
        found = list(rows.filter(newer).order_by("created", "id")[: limit + 1])
    else:
        if after:
            cursor = _cursor(ctx, kind, after, "starting_after")
            rows = rows.filter(
                Q(created__lt=cursor.created) | Q(created=cursor.created, id__lt=cursor.id)
            )
        found = list(rows.order_by("-created", "-id")[: limit + 1])
    shown = found[:limit]
    return {
        "object": "list",
        "data": [row.data for row in (reversed(shown) if before else shown)],
        "has_more": len(found) > limit,
        "url": url or ctx.path,
    }


def of(data: list[Json], url: str) -> Json:
    """A list inside an object, whole."""
    return {"object": "list", "data": data, "has_more": False, "url": url}


def limit_of(params: Json) -> int:
    limit = int(params.get("limit", DEFAULT_LIMIT))
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(
            f"Invalid limit: must be between 1 and {MAX_LIMIT}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    return limit


def _cursor(ctx: Context, kind: str, object_id: str, param: str) -> StripeObject:
    """Also one that is deleted meanwhile: the page after it is still there."""
    found = ctx.rows(kind).filter(object_id=object_id).first()
    if found is None:
        raise missing(kind, object_id, param=param)
    return found


def _created(rows: QuerySet[StripeObject], wanted: Any) -> QuerySet[StripeObject]:
    if wanted is None:
        return rows
    if isinstance(wanted, dict):
        return rows.filter(**{f"created__{name}": value for name, value in wanted.items()})
    return rows.filter(created=wanted)


def search(ctx: Context, kind: str, params: Json) -> Json:
    """Clauses `field:"value"`, `field~"part"`, `created>1`, `metadata["key"]:"value"`; all AND or all OR."""
    query = str(params["query"])
    is_or = " OR " in query
    conditions = [_clause(one) for one in re.split(r" AND | OR ", query)]
    condition = conditions[0]
    for one in conditions[1:]:
        condition = condition | one if is_or else condition & one
    start = int(params["page"]) if str(params.get("page") or "").isdigit() else 0
    limit = limit_of(params)
    rows = ctx.rows(kind).filter(condition, is_deleted=False).order_by("-created", "-id")
    found = list(rows[start : start + limit + 1])
    has_more = len(found) > limit
    return {
        "object": "search_result",
        "data": [row.data for row in found[:limit]],
        "has_more": has_more,
        "next_page": str(start + limit) if has_more else None,
        "url": ctx.path,
    }


def _clause(text: str) -> Q:
    found = CLAUSE.fullmatch(text)
    if found is None or "__" in text:
        raise Invalid(f"We were unable to parse your search query: {text}", param="query")
    value: Any = found["value"].strip("\"'")
    field, operator = found["field"], found["operator"]
    if field == "created":
        name = {":": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}.get(operator)
        if name is None or not value.isdigit():
            raise Invalid(f"We were unable to parse your search query: {text}", param="query")
        condition = Q(**{f"created__{name}": int(value)})
    else:
        path = "__".join(["data", *field.split("."), *([found["key"]] if found["key"] else [])])
        if operator == "~":
            condition = Q(**{f"{path}__icontains": value})
        elif value in {"true", "false"}:
            condition = Q(**{path: value == "true"})
        else:
            condition = Q(**{path: value}) | (
                Q(**{path: int(value)}) if value.isdigit() else Q(pk__in=[])
            )
    return ~condition if found["minus"] else condition
