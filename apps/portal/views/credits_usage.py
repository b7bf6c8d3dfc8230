"""What credits were used for: by day, organization, member and operation."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.common.ids import parse_uuid
from apps.credits.operations import operations
from apps.credits.permissions import VIEW_CREDITS
from apps.credits.selectors_pages import Name, Names, names_for
from apps.credits.selectors_pages_usage import (
    COLUMNS,
    NOBODY,
    SHOWN,
    SORTS,
    Row,
    Usage,
    UsageFilters,
    usage_by,
    usage_csv,
)
from apps.portal.charts import chart_of
from apps.portal.http import WorkspaceRequest, require, workspace_page
from apps.portal.periods import MAX_DAYS, Period, period_choices, period_of

BY = {
    "day": gettext_lazy("Day"),
    "organization": gettext_lazy("Organization"),
    "member": gettext_lazy("Member"),
    "operation": gettext_lazy("Operation"),
}
MAX_TEXT = 254


@dataclass(frozen=True, slots=True)
class Line:
    """filter: what narrows the page to it, by name; nothing for a day."""

    label: str
    note: str
    row: Row
    filter: dict[str, str]
    share: str


def operation_name(code: str) -> str:
    found = operations().get(code)
    return str(found.label) if found else code


def place_name(key: Any, names: Names) -> str:
    if key is None:
        return _("No organization")
    return names.places.get(key, _("Deleted organization"))


def member_name(key: Any, names: Names) -> Name:
    if key is None:
        return Name(_("Nobody"), _("Programs and the platform"))
    return names.members.get(key, Name(_("Former member")))


def filters_of(request: WorkspaceRequest, period: Period) -> UsageFilters:
    sent = {
        name: request.GET.get(name, "").strip()[:MAX_TEXT]
        for name in ("organization", "member", "operation")
    }
    return UsageFilters(period.since, period.until, **sent)


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?by=`, `?range=`, `?organization=`, `?member=`, `?operation=`, `?sort=`. Three statements."""
    require(request.actor, VIEW_CREDITS)
    period = period_of(request.GET)
    filters = filters_of(request, period)
    by = request.GET.get("by", "")
    by = by if by in COLUMNS else "day"
    sort = request.GET.get("sort", "")
    usage = usage_by(request.actor, filters, by, sort)
    asked_id = parse_uuid(filters.member)
    keys = {one.key for one in usage.rows} if by == "member" else set()
    names = names_for(
        request.actor,
        member_ids={one for one in (*keys, asked_id) if isinstance(one, uuid.UUID)},
    )
    split = "operation" if by == "day" else by
    query = request.GET.copy()
    query.pop("sort", None)
    context = {
        "usage": usage,
        "lines": [_line(by, one, usage, names) for one in usage.rows],
        "chart": chart_of(
            period.days,
            usage.by_day,
            [_line(split, one, usage, names).label for one in usage.series],
            _("All others"),
        ),
        "by": by,
        "columns": BY,
        "sort": sort if sort in SORTS else "",
        "shown": SHOWN,
        "period": period,
        "max_days": MAX_DAYS,
        "ranges": period_choices(datetime.now(UTC).date()),
        "filters": filters,
        "member": names.emails.get(asked_id, filters.member) if asked_id else filters.member,
        "organizations": names.places,
        "operations": [(code, str(one.label)) for code, one in operations().items()],
        "nobody": NOBODY,
        "query": query.urlencode(),
    }
    return render(request, "portal/credits/usage.html", context)


@require_safe
@workspace_page
def export(request: WorkspaceRequest) -> HttpResponse:
    """Each day's sums of what the page is about, as a file."""
    require(request.actor, VIEW_CREDITS)
    period = period_of(request.GET)
    name = f"credits-usage-{period.since}-{period.until}.csv"
    return StreamingHttpResponse(  # type: ignore[return-value]
        usage_csv(request.tenant, request.actor, filters_of(request, period)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            # Not to be collected by a proxy before it is sent on.
            "X-Accel-Buffering": "no",
        },
    )


def _line(by: str, row: Row, usage: Usage, names: Names) -> Line:
    key, note = row.key, ""
    narrow = {} if by == "day" else {by: NOBODY if key is None else str(key)}
    if isinstance(key, date):
        label = key.isoformat()
    elif by == "organization":
        label = place_name(key, names)
    elif by == "member":
        found = member_name(key, names)
        label, note = found.text, found.note
    else:
        label = operation_name(str(key))
        note = str(key) if label != str(key) else ""
    return Line(label, note, row, narrow, _share(row.used, usage.used))


def _share(part: int, whole: int) -> str:
    if part <= 0 or whole <= 0:
        return "0 %"
    percent = round(part * 100 / whole)
    return f"{min(percent, 100)} %" if percent else "< 1 %"
