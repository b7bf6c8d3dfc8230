"""Lists as PostgreSQL renders them: one statement, no instances, JSON that goes out as it came.

Django takes several times as long to write such a statement as PostgreSQL to run it, so a process remembers
it by all that it depends on: what is listed, what of the caller (`scope`), and the address's query string.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from apps.common.api.fields import QuerySerializer
from apps.common.api.pagination import CursorPagination, PageRequest
from apps.common.api.renderers import to_json
from apps.common.api.sql_json import json_of
from apps.common.database import fetch_texts
from apps.common.gate import notes_of
from apps.common.watching import Watch

MAX_REMEMBERED = 2_000
MAX_QUERY_LENGTH = 500
Filters = Callable[[type[QuerySerializer]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """That the gateway may keep pages of the list: until a table of the watch is written to.

    turns_at: when what is listed becomes something else by itself next; None: never. In the tenant.
    """

    watch: Watch
    turns_at: Callable[[], datetime | None] | None = None


@dataclass(frozen=True, eq=False)
class Listing:
    """What a list has. Made once, at import.

    rows: from the scope and the validated query parameters to the rows. It may look at nothing else: not at
    the caller, and at the time only as the database's Now(). ordering: as for page(), or by the value of
    the parameter `ordering`, the first if it is not given. kept: without it each page is read each time.
    """

    serializer: type[BaseSerializer]
    rows: Callable[..., QuerySet[Any]]
    ordering: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ("id",)
    query: type[QuerySerializer] = QuerySerializer
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A statement, complete with its values, and the order in which it reads."""

    statement: str
    ordering: tuple[str, ...]


_lock = threading.Lock()
_reads: OrderedDict[Hashable, _Read] = OrderedDict()


def listed(listing: Listing, scope: Hashable, request: Request, filters: Filters) -> dict[str, Any]:
    """A page of the list, ready to be rendered. One statement. Raises ValidationError, InvalidInput."""
    rows = _rows(listing, scope, request, filters)
    body = _page(rows, request)
    read = _remember(listing, scope, request, rows)
    if notes := notes_of(request.META):
        notes.page = _Again(read, PageRequest.of(request))
        if listing.kept:
            notes.kept_by, notes.turns_at = listing.kept.watch.namespace, listing.kept.turns_at
    return body


def listed_rows(
    listing: Listing, scope: Hashable, request: Request, filters: Filters
) -> dict[str, Any]:
    """The same with its results as dicts, for who changes them."""
    rows = _rows(listing, scope, request, filters)
    body = _page(rows, request)
    _remember(listing, scope, request, rows)
    return orjson.loads(to_json(body))


def _rows(listing: Listing, scope: Hashable, request: Request, filters: Filters) -> "_Rows":
    with _lock:
        known = _reads.get((listing, scope, request.META.get("QUERY_STRING", "")))
    return _Remembered(known) if known else _written(listing, scope, filters)


def _remember(listing: Listing, scope: Hashable, request: Request, rows: "_Rows") -> _Read:
    query_string = request.META.get("QUERY_STRING", "")
    read = _Read(rows.statement, rows.ordering)
    if not isinstance(rows, _Remembered):
        if listing.kept:
            listing.kept.watch.check(rows.statement)
        if len(query_string) <= MAX_QUERY_LENGTH:
            with _lock:
                _reads[listing, scope, query_string] = read
                if len(_reads) > MAX_REMEMBERED:
                    _reads.popitem(last=False)
    return read


def _page(rows: "_Rows", request: Any) -> dict[str, Any]:
    paginator, found = _paginated(rows, request)
    results = b",".join([row["json"] for row in found])
    return {**_links(paginator), "results": orjson.Fragment(b"[%b]" % results)}


def _paginated(rows: "_Rows", request: Any) -> tuple[CursorPagination, list[dict[str, Any]]]:
    paginator = CursorPagination()
    paginator.ordering = rows.ordering  # type: ignore[assignment]
    return paginator, paginator.paginate_queryset(rows, request) or []  # type: ignore[arg-type]


def _links(paginator: CursorPagination) -> dict[str, Any]:
    return {"next": paginator.get_next_link(), "previous": paginator.get_previous_link()}


class _Again:
    """Reads a page once more. Links and which rows are shown follow from where the rows stand in the order:
    as long as they stand where they did, these are the ones from before.
    """

    def __init__(self, read: _Read, asked: PageRequest) -> None:
        self._read, self._asked = read, asked
        # Places of the rows in the order, what comes before the results, and which rows those are.
        self._last: tuple[list[bytes | None], bytes, list[int]] = [], b"", []

    def __call__(self) -> bytes:
        rows = fetch_texts(self._read.statement)
        places = [row[0] for row in rows]
        known_places, head, shown = self._last
        if places != known_places or not head:
            paginator, found = _paginated(_Remembered(self._read, rows), self._asked)
            head = to_json({**_links(paginator), "results": []}).removesuffix(b"]}")
            shown = [row["number"] for row in found]
            self._last = places, head, shown
        return b"%b%b]}" % (head, b",".join([rows[number][1] or b"" for number in shown]))


def _written(listing: Listing, scope: Hashable, filters: Filters) -> "_Rows":
    given = filters(listing.query)
    ordering = listing.ordering
    if not isinstance(ordering, tuple):
        ordering = ordering[given.pop("ordering", next(iter(ordering)))]
    return _Rows(listing.rows(scope, **given), json_of(listing.serializer()), ordering)


class _Rows:
    """What the paginator takes for a queryset, and orders, filters and slices. It writes the statement."""

    def __init__(self, rows: QuerySet[Any], json: Any, ordering: tuple[str, ...]) -> None:
        self.rows, self.json, self.ordering = rows, json, ordering
        self.statement = ""

    def order_by(self, *names: str) -> "_Rows":
        self.rows = self.rows.order_by(*names)
        return self

    def filter(self, **conditions: Any) -> "_Rows":
        self.rows = self.rows.filter(**conditions)
        return self

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        position = self.ordering[0].removeprefix("-")
        rows = self.rows.values_list(position, self.json)[part]
        self.statement = _with_values(*rows.query.sql_with_params())
        return _as_dicts(fetch_texts(self.statement), position)


class _Remembered(_Rows):
    """The same, of a statement that was written before: it is ordered, filtered and sliced already."""

    def __init__(self, read: _Read, rows: list[tuple[bytes | None, ...]] | None = None) -> None:
        self.statement, self.ordering = read.statement, read.ordering
        self._fetched = rows

    def order_by(self, *names: str) -> "_Rows":
        return self

    def filter(self, **conditions: Any) -> "_Rows":
        return self

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        rows = fetch_texts(self.statement) if self._fetched is None else self._fetched
        return _as_dicts(rows, self.ordering[0].removeprefix("-"))


def _with_values(statement: str, params: tuple[Any, ...]) -> str:
    """By the driver, which quotes them."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        return str(cursor.mogrify(statement, params))


def _as_dicts(rows: list[tuple[bytes | None, ...]], position: str) -> list[dict[str, Any]]:
    """As the paginator reads them. json: bytes; number: which of the rows it is."""
    return [
        {position: at if at is None else at.decode(), "json": json, "number": number}
        for number, (at, json) in enumerate(rows)
    ]
