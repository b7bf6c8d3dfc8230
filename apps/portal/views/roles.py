"""Roles: the list, each of them, and two beside each other."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import allows, authorize, permissions
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.common.ids import parse_uuid
from apps.portal.forms.roles import CompareForm
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, require, workspace_page
from apps.portal.paging import paginate
from apps.portal.permission_areas import area_of, by_area
from apps.portal.selectors import roles_with_holders
from apps.roles.enums import HeldBy, SourceKind
from apps.roles.models import Role
from apps.roles.permissions import MANAGE_ROLE, VIEW_ROLE
from apps.roles.selectors import included_roles, role_for, roles_for, roles_including, with_includes
from apps.roles.selectors_comparison import Compared, Source, role_sources, roles_compare
from apps.roles.services import role_delete

# From so many roles on, the list has a search.
MANY = 10


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=`: part of the name or the description."""
    require(request.actor, VIEW_ROLE)
    query = request.GET.get("q", "").strip()[:100]
    page = paginate(request, with_includes(roles_with_holders(query)))
    context = {
        "page": page,
        "rows": [_row(role) for role in page.items],
        "query": query,
        "has_search": bool(query) or len(page.items) > MANY or page.previous_url or page.next_url,
        "can_manage": allows(request.actor, MANAGE_ROLE),
    }
    return render(request, "portal/roles/list.html", context)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, role_id: uuid.UUID) -> HttpResponse:
    require(request.actor, VIEW_ROLE)
    role = with_includes(roles_with_holders()).filter(id=role_id).first()
    if role is None:
        raise NotFound
    including = list(roles_including(role))
    sources = role_sources(role)
    declared = permissions()
    areas = {
        area: [{"permission": one, "sources": _words(role, sources[one.code])} for one in found]
        for area, found in by_area(declared[code] for code in sources).items()
    }
    context = {
        **_row(role),
        "areas": areas,
        "including": including,
        "can_manage": allows(request.actor, MANAGE_ROLE),
    }
    return render(request, "portal/roles/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def delete(request: WorkspaceRequest, role_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, MANAGE_ROLE)
    role = role_for(request.actor, role_id)
    if role.is_system:
        return redirect("role", role_id)
    form = ConfirmNameForm(request.POST or None, expected=role.name)
    if request.method == "POST" and form.is_valid():
        try:
            role_delete(actor=request.actor, role_id=role_id)
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            messages.error(request, str(error.detail))
            return redirect("role", role_id)
        messages.success(request, f"The role {role.name} is deleted.")
        return redirect("roles")
    context = {"role": role, "form": form}
    return render(request, "portal/roles/delete.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page
def compare(request: WorkspaceRequest) -> HttpResponse:
    """`?a=` and `?b=`: ids of roles; without them, a choice."""
    roles = list(roles_for(request.actor))
    a, b = (parse_uuid(request.GET.get(name, "")) for name in "ab")
    form = CompareForm(roles=roles, initial={"a": a, "b": b})
    context: dict[str, Any] = {"form": form}
    if a is not None and b is not None:
        found = roles_compare(request.actor, a, b)
        parts = {
            HeldBy.A: f"Only {found.a.name}",
            HeldBy.B: f"Only {found.b.name}",
            HeldBy.BOTH: "Both",
        }
        context |= {
            "comparison": found,
            "parts": [
                (
                    title,
                    _areas(found.a, found.b, [c for c in found.permissions if c.held_by == part]),
                )
                for part, title in parts.items()
            ],
            "swapped": f"{reverse('roles_compare')}?{urlencode({'a': str(b), 'b': str(a)})}",
        }
    return render(request, "portal/roles/compare.html", context)


def _row(role: Role) -> dict[str, Any]:
    declared = permissions()
    effective = role.effective
    return {
        "role": role,
        "count": len(effective),
        "is_dangerous": any(declared[code].dangerous for code in effective),
        "unknown": sorted(role.unknown),
        "includes": included_roles(role),
    }


def _words(role: Role, sources: list[Source]) -> list[str]:
    """Where a permission comes from, if it is not simply the role's own."""
    return [] if role.is_system else [_word(one) for one in sources]


def _word(source: Source) -> str:
    if source.kind == SourceKind.INCLUDED:
        return f"Through {source.name}"
    return "Its own" if source.kind == SourceKind.OWN else f"Comes with “{source.name}”"


def _areas(a: Role, b: Role, found: list[Compared]) -> dict[str, list[dict[str, Any]]]:
    areas: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        sources = [
            f"{role.name}: {word[0].lower()}{word[1:]}"
            for role, held in ((a, one.a_sources), (b, one.b_sources))
            for word in _words(role, held)
        ]
        row = {"permission": one.permission, "sources": sources}
        areas.setdefault(area_of(one.permission), []).append(row)
    return areas
