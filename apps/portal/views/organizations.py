"""The tree of divisions, branches and teams."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import allows, authorize
from apps.common.errors import Conflict, PlatformError
from apps.common.ids import parse_uuid
from apps.organizations import permissions as p
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_settings import settings_for
from apps.organizations.selectors_tree import open_organizations_for, organization_trail
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
from apps.portal.selectors import places_for
from apps.portal.selectors_tree import SHOWN, child_nodes, found_nodes, members_at, tree_nodes


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?at=` opens the tree down to an organization, `?q=` looks for some, `?archived=1` shows those too."""
    require(request.actor, p.VIEW_ORGANIZATION)
    query = request.GET.get("q", "").strip()[:100]
    archived = _archived(request)
    at = parse_uuid(request.GET.get("at", ""))
    context: dict[str, Any] = {
        "query": query,
        "with_archived": archived == "include",
        "shown": SHOWN,
        "can_create": may(request.actor, p.CREATE_ORGANIZATION),
    }
    if query:
        context["found"] = found_nodes(request.actor, query, archived=archived)
    else:
        opened = organization_for(request.actor, at) if at else None
        context["nodes"] = tree_nodes(request.actor, at=opened, archived=archived)
    return render(request, "portal/organizations/list.html", context)


@require_safe
@workspace_page
def children(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """What is directly below one, for the tree; a browser without scripts is sent to the whole page."""
    parent = organization_for(request.actor, organization_id)
    if not request.htmx:
        return redirect(f"{reverse('organizations')}?at={parent.id}")
    after = parse_uuid(request.GET.get("after", ""))
    archived = _archived(request)
    node = child_nodes(request.actor, parent, after=after, archived=archived)
    context = {"node": node, "with_archived": archived == "include"}
    return render(request, "portal/organizations/_children.html", context)


def _archived(request: WorkspaceRequest) -> str:
    return "include" if request.GET.get("archived") == "1" else "exclude"


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def create(request: WorkspaceRequest) -> HttpResponse:
    require(request.actor, p.CREATE_ORGANIZATION)
    form = NewOrganizationForm(
        request.POST or None,
        organizations=open_organizations_for(request.actor),
        initial={"parent_id": request.GET.get("parent", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            created = organization_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{created} is part of your organization now.")
            return redirect(f"{reverse('organizations')}?at={created.id}")
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def detail(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """One organization: what is below it, who belongs to it, its settings and what can be done to it.

    `?after=` goes on in a long list of what is below it.
    """
    actor = request.actor
    trail = organization_trail(actor, organization_id)
    organization = trail[-1]
    if request.method == "POST":
        authorize(actor, p.UPDATE_ORGANIZATION, organization)
    form = OrganizationForm(request.POST or None, initial={"name": organization.name})
    if request.method == "POST" and form.is_valid():
        try:
            organization_rename(
                actor=actor, organization_id=organization.id, name=form.cleaned_data["name"]
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The name is changed.")
            return redirect("organization", organization.id)
    is_open, is_root = not organization.is_archived, organization.is_root()
    may_update = allows(actor, p.UPDATE_ORGANIZATION, organization)
    after = parse_uuid(request.GET.get("after", ""))
    archived = "include" if organization.is_archived else _archived(request)
    context = {
        "organization": organization,
        "trail": trail,
        "form": form,
        "below": child_nodes(actor, organization, after=after, archived=archived),
        "after": after,
        "with_archived": archived == "include",
        "members": members_at(actor, organization),
        "settings": settings_for(actor, organization),
        "can_see_members": allows(actor, p.VIEW_MEMBER, organization),
        "can_update": may_update and not is_root,
        "can_order": may_update and is_open,
        "can_create": is_open and allows(actor, p.CREATE_ORGANIZATION, organization),
        "can_invite": is_open and allows(actor, p.INVITE_MEMBER, organization),
        "can_set": allows(actor, p.MANAGE_SETTINGS, organization),
        "can_move": is_open and not is_root and allows(actor, p.MOVE_ORGANIZATION, organization),
        "can_archive": not is_root and allows(actor, p.ARCHIVE_ORGANIZATION, organization),
        "can_delete": not is_root and allows(actor, p.DELETE_ORGANIZATION, organization),
        "archived_with_parent": organization.archived_with not in (None, organization.id),
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
