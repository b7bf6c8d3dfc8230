"""Where a member belongs besides the primary organization."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.common.access import allows
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations import permissions as p
from apps.organizations.selectors import member_for, members_for
from apps.organizations.selectors_tree import open_organizations_for
from apps.organizations.services import member_place, member_set_primary, member_unplace
from apps.portal.forms.workspace import MoveMemberForm
from apps.portal.http import WorkspaceRequest, add_errors, require, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def add(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    require(request.actor, p.UPDATE_MEMBER)
    member = member_for(request.actor, member_id)
    taken = {member.organization_id, *(one.id for one in member.further_organizations)}
    form = MoveMemberForm(
        request.POST or None,
        organizations=[
            one
            for one in open_organizations_for(request.actor)
            if one.id not in taken and allows(request.actor, p.UPDATE_MEMBER, one)
        ],
    )
    if request.method == "POST" and form.is_valid():
        try:
            member_place(actor=request.actor, member_id=member.id, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{member} belongs to one more organization now.")
            return redirect("member", member.id)
    status = 422 if form.errors else 200
    return render(
        request, "portal/members/place.html", {"form": form, "member": member}, status=status
    )


@require_POST
@workspace_page
def make_primary(
    request: WorkspaceRequest, member_id: uuid.UUID, organization_id: uuid.UUID
) -> HttpResponse:
    def act() -> str:
        moved = member_set_primary(
            actor=request.actor, member_id=member_id, organization_id=organization_id
        )
        return f"{moved.organization} is the primary organization of {moved} now."

    return _done(request, member_id, act)


@require_POST
@workspace_page
def remove(
    request: WorkspaceRequest, member_id: uuid.UUID, organization_id: uuid.UUID
) -> HttpResponse:
    def act() -> str:
        member = member_unplace(
            actor=request.actor, member_id=member_id, organization_id=organization_id
        )
        return f"{member} belongs to one organization less."

    return _done(request, member_id, act)


def _done(request: WorkspaceRequest, member_id: uuid.UUID, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    # Who saw them only there does not any more.
    if not members_for(request.actor).filter(id=member_id).exists():
        return redirect("members")
    return redirect("member", member_id)
