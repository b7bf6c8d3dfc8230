"""Where a person is signed in, and ending it."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.browser_sessions import current_browser_session
from apps.accounts.devices import device_name, is_handheld
from apps.accounts.session_end import sign_in_end, sign_ins_end_others
from apps.accounts.session_list import API, BROWSER, SUPPORT, Current, sign_in_for, sign_ins_of
from apps.common.database import system_connection
from apps.portal.http import PageRequest, person_page

SHOWN = 100


@dataclass(slots=True)
class Entry:
    """A sign-in with the workspaces' that came from it. row: of `session_list.SignIns`."""

    row: dict[str, Any]
    device: str
    workspaces: list[dict[str, Any]] = field(default_factory=list)

    @property
    def icon(self) -> str:
        return "smartphone" if is_handheld(self.row["user_agent"]) else "monitor"


def entries(rows: list[dict[str, Any]]) -> list[Entry]:
    """Workspaces under the browser that they are open in; the present one first, then the latest used."""
    found = {
        row["id"]: Entry(row, device_name(row["user_agent"]))
        for row in rows
        if row["came_from"] is None and row["kind"] != SUPPORT
    }
    for row in rows:
        if row["came_from"] in found:
            found[row["came_from"]].workspaces.append(row)
    return sorted(
        found.values(),
        key=lambda entry: (entry.row["is_current"], _used_at(entry)),
        reverse=True,
    )


def _used_at(entry: Entry) -> Any:
    return max(row["last_used_at"] for row in (entry.row, *entry.workspaces))


@require_safe
@person_page
def index(request: PageRequest) -> HttpResponse:
    current = Current.browser(request.session)
    with system_connection():
        rows = sign_ins_of(request.user.id, current).order_by("-id")[: SHOWN + 1]
    found = entries(rows[:SHOWN])
    context = {
        "browsers": [(e, _used_at(e)) for e in found if e.row["kind"] == BROWSER],
        "by_api": [(e, _used_at(e)) for e in found if e.row["kind"] == API],
        "support": [
            (row, device_name(row["user_agent"])) for row in rows[:SHOWN] if row["kind"] == SUPPORT
        ],
        "others": sum(not e.row["is_current"] for e in found),
        "is_cut": len(rows) > SHOWN,
        "shown": SHOWN,
    }
    return render(request, "portal/sessions.html", context)


@require_POST
@person_page
def revoke(request: PageRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one of the person's own sign-ins; again and again is as good as once."""
    session = sign_in_for(request.actor, session_id)
    here = current_browser_session(request.session)
    sign_in_end(actor=request.actor, session=session)
    if session == here:
        logout(request)
        return redirect("account_login")
    messages.success(request, f"{device_name(session.user_agent)} is signed out.")
    return redirect("sessions")


@require_POST
@person_page
def revoke_others(request: PageRequest) -> HttpResponse:
    count = sign_ins_end_others(
        actor=request.actor, person_id=request.user.id, current=Current.browser(request.session)
    )
    said = "You are signed out everywhere else." if count else "You are signed in nowhere else."
    messages.success(request, said)
    return redirect("sessions")
