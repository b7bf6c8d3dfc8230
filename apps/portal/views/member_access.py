"""What a member can do, where and why."""

import uuid
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.common.ids import parse_uuid
from apps.organizations.permissions import VIEW_ORGANIZATION
from apps.organizations.selectors import organizations_for
from apps.organizations.selectors_access import Explanation, member_access
from apps.portal.forms.workspace import organization_choices
from apps.portal.http import WorkspaceRequest, may, workspace_page
from apps.portal.permission_areas import area_of

SHOWN = ("all", "allowed", "denied")


@require_safe
@workspace_page
def access(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    """`?organization=` says where, `?q=` and `?show=` narrow the permissions."""
    found = member_access(
        request.actor,
        member_id=member_id,
        organization_id=parse_uuid(request.GET.get("organization", "")),
    )
    query = request.GET.get("q", "").strip()[:100].casefold()
    show = request.GET.get("show", "")
    matching = [
        one
        for one in found.explanations
        if _matches(one, query) and show in ("", "all", "allowed" if one.allowed else "denied")
    ]
    context = {
        "member": found.member,
        "access": found,
        "areas": {
            area: list(rows)
            for area, rows in groupby(matching, key=lambda one: area_of(one.permission))
        },
        "allowed_count": sum(one.allowed for one in found.explanations),
        "organizations": organization_choices(organizations_for(request.actor))
        if may(request.actor, VIEW_ORGANIZATION)
        else [],
        "chosen": str(found.organization.id) if found.organization else "",
        "query": query,
        "show": show if show in SHOWN else "",
    }
    return render(request, "portal/members/access.html", context)


def _matches(one: Explanation, query: str) -> bool:
    words = f"{one.permission.code} {one.permission.label} {one.permission.description}"
    return query in words.casefold()
