"""Cursor pagination of pages: by key, so that it is stable and as cheap on the last page as on the first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.common.ids import parse_uuid

M = TypeVar("M", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    items: list[M] = field(default_factory=list)
    previous_url: str = ""
    next_url: str = ""


def paginate(
    request: HttpRequest,
    rows: QuerySet[M],
    *,
    newest_first: bool = False,
    size: int = PAGE_SIZE,
    key: str = "pk",
    parse: Callable[[str], Any] = parse_uuid,
) -> Page[M]:
    """The page that `?after=` or `?before=` asks for; ids are UUIDv7, so they order by creation.

    key: the unique field in whose order they are. One statement. A key that is none, by `parse`, is
    ignored: the first page.
    """
    after = parse(request.GET.get("after", ""))
    before = None if after else parse(request.GET.get("before", ""))
    backwards = before is not None
    greater = newest_first == backwards
    cursor = before or after
    if cursor:
        rows = rows.filter(**{f"{key}__{'gt' if greater else 'lt'}": cursor})
    found = list(rows.order_by(key if newest_first == backwards else f"-{key}")[: size + 1])
    more = len(found) > size
    items = found[:size]
    if backwards:
        items.reverse()
    has_previous = more if backwards else cursor is not None
    has_next = True if backwards else more
    return Page(
        items,
        _url(request, "before", getattr(items[0], key)) if items and has_previous else "",
        _url(request, "after", getattr(items[-1], key)) if items and has_next else "",
    )


def _url(request: HttpRequest, name: str, cursor: object) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    query[name] = str(cursor)
    return f"?{query.urlencode()}"
