"""The tree of divisions, branches and teams."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import allows, authorize
from apps.common.errors import Conflict, PlatformError
from apps.organizations import permissions as p
from apps.organizations.selectors import organization_for, organizations_for
from apps.organizations.services import (
    organization_create,
    organization_delete,
    organization_move,
    organization_rename,
)
from apps.portal.forms.workspace import (
    ConfirmNameForm,
    MoveOrganizationForm,
    NewOrganizationForm,
    OrganizationForm,
)
from apps.portal.http import WorkspaceRequest, add_errors, may, require, workspace_page
from apps.portal.selectors import organization_tree, places_for

SHOWN = 500


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    require(request.actor, p.VIEW_ORGANIZATION)
    found = list(organization_tree(request.actor)[: SHOWN + 1])
    top = min((one.depth for one in found), default=1)
    context = {
        "rows": [(one, one.depth - top) for one in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "shown": SHOWN,
        "can_create": may(request.actor, p.CREATE_ORGANIZATION),
    }
    return render(request, "portal/organizations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def create(request: WorkspaceRequest) -> HttpResponse:
    require(request.actor, p.CREATE_ORGANIZATION)
    form = NewOrganizationForm(
        request.POST or None,
        organizations=organizations_for(request.actor),
        initial={"parent_id": request.GET.get("parent", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            created = organization_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{created} is part of your organization now.")
            return redirect("organizations")
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def detail(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """One organization: rename it here, or go on to its members."""
    organization = organization_for(request.actor, organization_id)
    if request.method == "POST":
        authorize(request.actor, p.UPDATE_ORGANIZATION, organization)
    form = OrganizationForm(request.POST or None, initial={"name": organization.name})
    if request.method == "POST" and form.is_valid():
        try:
            organization_rename(
                actor=request.actor, organization_id=organization.id, name=form.cleaned_data["name"]
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The name is changed.")
            return redirect("organizations")
    context = {
        "organization": organization,
        "form": form,
        "can_update": not organization.is_root()
        and allows(request.actor, p.UPDATE_ORGANIZATION, organization),
        "can_create": allows(request.actor, p.CREATE_ORGANIZATION, organization),
        "can_move": not organization.is_root()
        and allows(request.actor, p.MOVE_ORGANIZATION, organization),
        "can_delete": not organization.is_root()
        and allows(request.actor, p.DELETE_ORGANIZATION, organization),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/detail.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def move(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """GET chooses the place, and with `?parent_id=` shows what the move would change; POST moves."""
    organization = organization_for(request.actor, organization_id)
    authorize(request.actor, p.MOVE_ORGANIZATION, organization)
    if organization.is_root():
        raise Conflict(_("The root cannot be moved."), code="root_organization")
    data = request.POST if request.method == "POST" else request.GET
    form = MoveOrganizationForm(
        data if "parent_id" in data else None,
        organizations=places_for(request.actor, organization),
    )
    preview = None
    if form.is_valid():
        parent_id = form.cleaned_data["parent_id"]
        try:
            preview = organization_move(
                actor=request.actor,
                organization_id=organization.id,
                parent_id=parent_id,
                dry_run=request.method != "POST",
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            parent = organization_for(request.actor, parent_id)
            if request.method == "POST":
                messages.success(request, f"{organization} is now inside {parent}.")
                return redirect("organizations")
    context = {
        "organization": organization,
        "form": form,
        "preview": preview,
        "parent": parent if preview else None,
    }
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/move.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def delete(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    organization = organization_for(request.actor, organization_id)
    authorize(request.actor, p.DELETE_ORGANIZATION, organization)
    form = ConfirmNameForm(request.POST or None, expected=organization.name)
    if request.method == "POST" and form.is_valid():
        try:
            organization_delete(actor=request.actor, organization_id=organization.id)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{organization} was deleted.")
            return redirect("organizations")
    status = 422 if form.errors else 200
    context = {"form": form, "organization": organization}
    return render(request, "portal/organizations/delete.html", context, status=status)
