"""The workspace's audit log: search, one entry with what it changed, and files of it."""

import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.audit.actions import ACCESS_DENIED, CREDENTIAL_REFUSED, REFUSALS_THINNED, SIGN_IN_FAILED
from apps.audit.api.v1.views import export_response
from apps.audit.describing import action_text, summary
from apps.audit.exporting import CONTENT_TYPES
from apps.audit.models import Entry
from apps.audit.permissions import VIEW_ENTRIES
from apps.audit.selectors import Filters, actions, entries_for, entries_matching, entry_for
from apps.common.access import authorize
from apps.common.errors import NotFound
from apps.portal.http import WorkspaceRequest, workspace_page
from apps.portal.paging import paginate
from apps.portal.permission_areas import AREAS

SEQ = re.compile(r"[1-9][0-9]{0,17}")
REFUSED = {ACCESS_DENIED, CREDENTIAL_REFUSED, REFUSALS_THINNED, SIGN_IN_FAILED}
MAX_TEXT = 200


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=`, `?action=`, `?actor=`, `?target=`, `?since=` and `?until=` narrow it and stay in the address."""
    filters = _filters(request)
    rows = entries_matching(entries_for(request.actor), filters).only(
        "seq", "event_id", "occurred_at", "action", "actor_kind", "actor_label", "address", "what"
    )
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    page = paginate(request, rows, newest_first=True, parse=_seq)
    context = {
        "page": page,
        "entries": [_line(entry) for entry in page.items],
        "filters": {name: request.GET.get(name, "")[:MAX_TEXT] for name in NAMES},
        "is_filtered": not filters.is_empty,
        "more_is_open": bool(filters.actor or filters.target or filters.since or filters.until),
        "actions": _choices(),
        "query": query.urlencode(),
        "forms": list(CONTENT_TYPES),
    }
    return render(request, "portal/audit/list.html", context)


NAMES = ("q", "action", "actor", "target", "since", "until")


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, entry_id: uuid.UUID) -> HttpResponse:
    entry = entry_for(request.actor, entry_id)
    what = entry.what
    before, after = (what.get("before", {}), what.get("after", {})) if what else ({}, {})
    changes = [(name, before.get(name), after.get(name)) for name in {**before, **after}]
    told = {f"{prefix}_{name}" for name, _, _ in changes for prefix in ("from", "to", "old")}
    told |= {name for name, _, _ in changes}
    data = what["data"] if what else {}
    context = {
        **_line(entry),
        "changes": changes,
        "data": [(name, value) for name, value in data.items() if name not in told],
        "hash": bytes(entry.hash).hex(),
        "prev_hash": bytes(entry.prev_hash).hex(),
    }
    return render(request, "portal/audit/detail.html", context)


@require_safe
@workspace_page
def export(request: WorkspaceRequest) -> HttpResponse:
    """What the list shows, all of it, as a file."""
    authorize(request.actor, VIEW_ENTRIES)
    form = request.GET.get("form", "csv")
    if form not in CONTENT_TYPES:
        raise NotFound
    return export_response(request.actor, form, _filters(request))  # type: ignore[return-value]


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry,
        "summary": summary(entry.action, entry.what),
        "impersonator": entry.what.get("impersonator") if entry.what else None,
        "is_refused": entry.action in REFUSED,
        "is_erased": entry.actor_label is None or entry.what is None,
    }


def _choices() -> dict[str, list[tuple[str, str]]]:
    """Actions by the area that they belong to, as people read them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in actions():
        app = name.partition(".")[0]
        area = AREAS.get(app, app.replace("_", " ").capitalize())
        found.setdefault(area, []).append((name, action_text(name)))
    return found


def _filters(request: WorkspaceRequest) -> Filters:
    """What cannot be read as a date is left out: the field shows that it is empty then."""
    sent = {name: request.GET.get(name, "").replace("\0", "").strip()[:MAX_TEXT] for name in NAMES}
    until = _day(sent["until"])
    return Filters(
        text=sent["q"],
        action=sent["action"],
        actor=sent["actor"],
        target=sent["target"],
        since=_begin(_day(sent["since"])),
        until=_begin(until + timedelta(days=1)) if until else None,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9000 else None


def _begin(day: date | None) -> datetime | None:
    """Of a day where the reader is."""
    if day is None:
        return None
    return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)


def _seq(text: str) -> int | None:
    return int(text) if SEQ.fullmatch(text) else None
