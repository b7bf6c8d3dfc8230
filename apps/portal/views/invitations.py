"""Inviting people, and what became of the invitations."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.billing.selectors import seat_price
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus as S
from apps.organizations.selectors import invitations_for, invitations_matching
from apps.organizations.selectors_tree import open_organizations_for
from apps.organizations.services import invitation_create, invitation_resend, invitation_revoke
from apps.portal.forms.workspace import InviteForm
from apps.portal.http import WorkspaceRequest, add_errors, require, workspace_page
from apps.portal.paging import paginate
from apps.portal.selectors import invitation_tabs, roles_to_give
from apps.roles.models import Role


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    require(request.actor, p.INVITE_MEMBER)
    state = request.GET.get("state", "")
    state = state if state in S.values else S.PENDING.value
    query = " ".join(request.GET.get("q", "").replace("\0", "").split())[:100]
    found = invitations_matching(invitations_for(request.actor), state=state, q=query)
    page = paginate(request, found, newest_first=True)
    names = dict(Role.objects.values_list("id", "name")) if page.items else {}
    rows = [(one, [names[r] for r in one.role_ids if r in names]) for one in page.items]
    context = {
        "page": page,
        "rows": rows,
        "state": state,
        "query": query,
        "tabs": invitation_tabs(request.actor),
        "is_open": state in (S.PENDING, S.EXPIRED),
    }
    return render(request, "portal/invitations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def create(request: WorkspaceRequest) -> HttpResponse:
    require(request.actor, p.INVITE_MEMBER)
    roles = roles_to_give(request.actor)
    organizations = list(open_organizations_for(request.actor))
    everyday = [str(role.id) for role in roles if role.code == "member"]
    form = InviteForm(
        request.POST or None,
        roles=roles,
        organizations=organizations,
        initial={
            "role_ids": everyday,
            "organization_id": request.GET.get("organization", ""),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitation_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"An invitation is on its way to {invitation.email}.")
            return redirect("invitations")
    context = {
        "form": form,
        "role_help": [(role.name, role.description) for role in roles],
        "only_organization": organizations[0] if len(organizations) == 1 else None,
        "seat_price": seat_price(request.tenant.id),
    }
    return render(
        request, "portal/invitations/new.html", context, status=422 if form.errors else 200
    )


@require_POST
@workspace_page
def resend(request: WorkspaceRequest, invitation_id: uuid.UUID) -> HttpResponse:
    try:
        invitation = invitation_resend(actor=request.actor, invitation_id=invitation_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(
            request, f"A new link is on its way to {invitation.email}; the old one is void."
        )
    return redirect("invitations")


@require_POST
@workspace_page
def revoke(request: WorkspaceRequest, invitation_id: uuid.UUID) -> HttpResponse:
    try:
        invitation = invitation_revoke(actor=request.actor, invitation_id=invitation_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"The invitation of {invitation.email} was taken back.")
    return redirect("invitations")
