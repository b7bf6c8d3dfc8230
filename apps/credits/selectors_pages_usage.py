"""What pages show of usage: sums by what one likes to know, and every row of them as a file.

All of it from the days' sums, so that a month costs the same however many transactions it had.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models import OuterRef as Outer

from apps.common.actors import Actor
from apps.common.csv_writing import csv_bytes
from apps.common.ids import parse_uuid
from apps.common.tenancy import TenantRef, tenant_context
from apps.credits.models import UsageDay
from apps.credits.selectors_pages import within
from apps.organizations.models import Member, Organization

MAX_DAYS = 366
# Rows of the table on a page; the file has them all.
SHOWN = 100
SERIES = 5
BATCH = 2000
# What asks for what belongs to none.
NOBODY = "none"
COLUMNS = {
    "day": "day",
    "organization": "organization_id",
    "member": "member_id",
    "operation": "operation",
}
CSV_HEADER = (
    *("day", "organization", "organization_id", "member", "member_email", "member_id"),
    *("operation", "credits", "uses"),
)


@dataclass(frozen=True, slots=True)
class UsageFilters:
    """since, until: days (UTC), inclusive. organization: an id, and what lies below it; NOBODY; or empty.

    member: an id or an address; NOBODY; or empty.
    """

    since: date
    until: date
    organization: str = ""
    member: str = ""
    operation: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.organization or self.member or self.operation)


@dataclass(frozen=True, slots=True)
class Row:
    """key: a day, an id, a code; None: nobody's."""

    key: date | uuid.UUID | str | None
    used: int
    uses: int


SORTS: dict[str, Callable[[Row], int]] = {
    "used": lambda one: -one.used,
    "uses": lambda one: -one.uses,
}


@dataclass(frozen=True, slots=True)
class Usage:
    """rows: by the column, as sorted, SHOWN at most. has_more: there are further ones.

    series: the SERIES with the most, of `split`. by_day: for each day with use, microcredits by the place in
    `series`; what is of none of them at SERIES.
    """

    rows: Sequence[Row]
    has_more: bool
    series: Sequence[Row]
    by_day: dict[date, dict[int, int]]
    used: int
    uses: int


def usage_for(actor: Actor, filters: UsageFilters) -> QuerySet[UsageDay]:
    """Raises PermissionDenied."""
    found = UsageDay.objects.filter(
        within(actor), _narrowed(filters), day__range=(filters.since, filters.until)
    )
    return found.filter(operation=filters.operation) if filters.operation else found


def _narrowed(filters: UsageFilters) -> Q:
    return organization_is(filters.organization) & member_is(filters.member)


def organization_is(asked: str) -> Q:
    """The organization and what lies below it; what was deleted is still found by its id."""
    if not asked:
        return Q()
    if asked == NOBODY:
        return Q(organization_id=None)
    found_id = parse_uuid(asked)
    if found_id is None:
        return Q(pk__in=[])
    path = Organization.objects.filter(id=found_id).values("path")[:1]
    inside = Organization.objects.annotate(top=Subquery(path)).filter(path__startswith=F("top"))
    return Q(organization_id=found_id) | Q(organization_id__in=inside.order_by().values("id"))


def member_is(asked: str) -> Q:
    if not asked:
        return Q()
    if asked == NOBODY:
        return Q(member_id=None)
    found_id = parse_uuid(asked)
    if found_id is not None:
        return Q(member_id=found_id)
    return Q(member_id__in=Member.objects.filter(email__iexact=asked).values("id"))


def usage_by(actor: Actor, filters: UsageFilters, by: str, sort: str) -> Usage:
    """by: of COLUMNS; sort: of SORTS; else the latest day, or what was used most, comes first.

    Two statements. Raises PermissionDenied.
    """
    found = usage_for(actor, filters)
    split = COLUMNS["operation" if by == "day" else by]
    sums = found.values_list(split).annotate(used=Sum("used_microcredits"), count=Sum("uses"))
    groups = [Row(*row) for row in sums.order_by("-used", split)[: SHOWN + 1]]
    series = [one for one in groups[:SERIES] if one.used > 0]
    by_day, days = _days(found, split, series)
    rows = days if by == "day" else groups[:SHOWN]
    return Usage(
        rows=sorted(rows, key=SORTS[sort]) if sort in SORTS else rows,
        has_more=by != "day" and len(groups) > SHOWN,
        series=series,
        by_day=by_day,
        used=sum(one.used for one in days),
        uses=sum(one.uses for one in days),
    )


def _days(
    found: QuerySet[UsageDay], split: str, series: Sequence[Row]
) -> tuple[dict[date, dict[int, int]], list[Row]]:
    """What each day has of each of the series; and all of it, the latest day first. One statement."""
    place = Case(
        *(When(**_is(split, one.key), then=Value(number)) for number, one in enumerate(series)),
        default=Value(SERIES),
        output_field=IntegerField(),
    )
    sums: QuerySet[Any, Any] = found.annotate(place=place).values_list("day", "place")
    sums = sums.annotate(used=Sum("used_microcredits"), count=Sum("uses"))
    by_day: dict[date, dict[int, int]] = {}
    uses: dict[date, int] = {}
    for day, number, used, count in sums.order_by("-day", "place"):
        by_day.setdefault(day, {})[number] = used
        uses[day] = uses.get(day, 0) + count
    return by_day, [Row(day, sum(parts.values()), uses[day]) for day, parts in by_day.items()]


def _is(column: str, key: object) -> dict[str, object]:
    return {f"{column}__isnull": True} if key is None else {column: key}


def _sums(found: QuerySet[UsageDay], column: str, order: str, limit: int) -> list[Row]:
    sums = found.values_list(column).annotate(used=Sum("used_microcredits"), count=Sum("uses"))
    return [Row(*row) for row in sums.order_by(order, column)[:limit]]


def usage_csv(tenant: TenantRef, actor: Actor, filters: UsageFilters) -> Iterator[bytes]:
    """Every row of the selection, the oldest first: memory for one batch, a statement each.

    Enters the tenant for each batch: a response is sent when the request has left it.
    """
    yield csv_bytes([CSV_HEADER])
    after: tuple[date, uuid.UUID] | None = None
    while True:
        with tenant_context(tenant):
            rows = _named(usage_for(actor, filters))
            if after is not None:
                rows = rows.filter(Q(day__gt=after[0]) | Q(day=after[0], id__gt=after[1]))
            batch = list(rows.order_by("day", "id")[:BATCH])
        if not batch:
            return
        yield csv_bytes(
            [day, *texts, Decimal(used).scaleb(-6), uses] for _id, day, *texts, used, uses in batch
        )
        after = (batch[-1][1], batch[-1][0])


def _named(found: QuerySet[UsageDay]) -> QuerySet:
    organization = Organization.objects.filter(id=Outer("organization_id"))
    member = Member.objects.filter(id=Outer("member_id"))
    return found.annotate(
        organization_name=Subquery(organization.values("name")[:1]),
        member_name=Subquery(member.values("name")[:1]),
        member_email=Subquery(member.values("email")[:1]),
    ).values_list(
        *("id", "day", "organization_name", "organization_id", "member_name", "member_email"),
        *("member_id", "operation", "used_microcredits", "uses"),
    )
