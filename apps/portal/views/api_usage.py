"""Who calls the workspace's API, and what is left to them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.organizations.permissions import VIEW_MEMBER
from apps.organizations.selectors_api_usage import API_KEY, CallerUsage, api_usage_for
from apps.portal.http import WorkspaceRequest, may, workspace_page
from apps.roles.permissions import MANAGE_API_KEY


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """Two statements."""
    usage = api_usage_for(request.actor)
    rows = [
        {"caller": one, "percent": _percent(one, usage.limit), "is_key": one.kind == API_KEY}
        for one in usage.callers
    ]
    context = {
        "usage": usage,
        "rows": rows,
        "can_see_keys": may(request.actor, MANAGE_API_KEY),
        "can_see_members": may(request.actor, VIEW_MEMBER),
        "refused": sum(one.refused for one in usage.callers),
    }
    return render(request, "portal/api_usage.html", context)


def _percent(caller: CallerUsage, limit: int | None) -> int | None:
    """How much of the limit is used; None where there is none."""
    if not limit or caller.remaining is None:
        return None
    return 100 * (limit - caller.remaining) // limit
