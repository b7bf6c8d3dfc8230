"""The tree of divisions, branches and teams."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import allows, authorize
from apps.common.errors import PlatformError
from apps.organizations import permissions as p
from apps.organizations.selectors import organization_for, organizations_for
from apps.organizations.services import (
    organization_create,
    organization_delete,
    organization_rename,
)
from apps.portal.forms.workspace import ConfirmNameForm, NewOrganizationForm, OrganizationForm
from apps.portal.http import WorkspaceRequest, add_errors, may, require, workspace_page
from apps.portal.selectors import organization_tree

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
        "can_delete": not organization.is_root()
        and allows(request.actor, p.DELETE_ORGANIZATION, organization),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/detail.html", context, status=status)


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
