"""Where the workspace's credits came from, and what is left of each grant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.credits.models import Grant
from apps.credits.operations import operations
from apps.credits.permissions import VIEW_CREDITS
from apps.credits.selectors_pages import GRANT_STATES, grants_for, places_for, sees_all
from apps.portal.http import WorkspaceRequest, require, workspace_page
from apps.portal.paging import paginate

STATE_LABELS = {
    "usable": gettext_lazy("Usable"),
    "scheduled": gettext_lazy("Scheduled"),
    "used": gettext_lazy("Used up"),
    "expired": gettext_lazy("Expired"),
    "revoked": gettext_lazy("Revoked"),
    "all": gettext_lazy("All"),
}
TONES = {"usable": "success", "scheduled": "info", "revoked": "danger"}


@dataclass(frozen=True, slots=True)
class GrantLine:
    """grant: with `left` and `held` annotated. organizations: names of those that it is for."""

    grant: Any
    state: str
    organizations: list[str]
    operations: list[str]

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "")

    @property
    def state_label(self) -> str:
        return str(STATE_LABELS[self.state])

    @property
    def percent(self) -> int:
        """Of it that is left, so that it is neither full nor empty before it is."""
        part, whole = self.grant.left + self.grant.held, self.grant.amount_microcredits
        return min(max(part * 100 // whole, 1 if part else 0), 100)


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?state=` of GRANT_STATES. Two statements."""
    require(request.actor, VIEW_CREDITS)
    now = timezone.now()
    state = request.GET.get("state", "")
    state = state if state in GRANT_STATES else "usable"
    page = paginate(request, grants_for(request.actor, state, now), newest_first=True)
    wanted = {one for grant in page.items for one in grant.organization_ids}
    names = dict(
        places_for(request.actor).filter(id__in=wanted).values_list("id", "name") if wanted else ()
    )
    elsewhere = _("An organization that you do not see")
    known = operations()
    context = {
        "page": page,
        "lines": [
            GrantLine(
                grant,
                _state_of(grant, now),
                [names.get(one, elsewhere) for one in grant.organization_ids],
                [str(known[one].label) if one in known else one for one in grant.operations],
            )
            for grant in page.items
        ],
        "state": state,
        "states": [(one, STATE_LABELS[one]) for one in GRANT_STATES],
        "sees_all": sees_all(request.actor),
    }
    return render(request, "portal/credits/grants.html", context)


def _state_of(grant: Any, now: datetime) -> str:
    """As grants_for finds it by."""
    found: Grant = grant
    if found.revoked_at is not None:
        return "revoked"
    if found.expires_at is not None and found.expires_at <= now:
        return "expired"
    if found.effective_at > now:
        return "scheduled"
    return "usable" if grant.left or grant.held else "used"
