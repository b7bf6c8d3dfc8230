"""People who ask to join by the domain of their address."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.billing.selectors import seat_price
from apps.common.access import allows
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations import permissions as p
from apps.organizations.enums import JoinRequestStatus
from apps.organizations.selectors_joining import join_request_for, join_requests_for
from apps.organizations.selectors_tree import open_organizations_for
from apps.organizations.services import join_request_approve, join_request_decline
from apps.portal.forms.workspace import ApproveForm
from apps.portal.http import WorkspaceRequest, add_errors, require, workspace_page
from apps.portal.paging import paginate
from apps.portal.selectors import invitation_tabs, roles_to_give


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """Those that wait, the oldest first."""
    require(request.actor, p.INVITE_MEMBER)
    pending = join_requests_for(request.actor).filter(status=JoinRequestStatus.PENDING)
    context = {
        "page": paginate(request, pending),
        "tabs": invitation_tabs(request.actor),
        "state": "requests",
        "can_decline": allows(request.actor, p.INVITE_MEMBER),
    }
    return render(request, "portal/invitations/requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def approve(request: WorkspaceRequest, join_request_id: uuid.UUID) -> HttpResponse:
    """Choose roles and place, then let them in."""
    found = join_request_for(request.actor, join_request_id)
    if not found.is_pending:
        messages.error(request, f"The request of {found.name} is decided already.")
        return redirect("join_requests")
    roles = roles_to_give(request.actor)
    organizations = list(open_organizations_for(request.actor))
    everyday = [str(role.id) for role in roles if role.code == "member"]
    form = ApproveForm(
        request.POST or None,
        roles=roles,
        organizations=organizations,
        initial={"role_ids": everyday},
    )
    if request.method == "POST" and form.is_valid():
        try:
            join_request_approve(actor=request.actor, join_request_id=found.id, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{found.name} is a member now.")
            return redirect("join_requests")
    context = {
        "form": form,
        "found": found,
        "role_help": [(role.name, role.description) for role in roles],
        "only_organization": organizations[0] if len(organizations) == 1 else None,
        "seat_price": seat_price(request.tenant.id),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/invitations/approve.html", context, status=status)


@require_POST
@workspace_page
def decline(request: WorkspaceRequest, join_request_id: uuid.UUID) -> HttpResponse:
    try:
        found = join_request_decline(actor=request.actor, join_request_id=join_request_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"The request of {found.name} is declined.")
    return redirect("join_requests")
