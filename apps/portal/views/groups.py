"""Groups: the list, one of them with who is in it and what it holds, and changes."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import allows, authorize
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.organizations import permissions as p
from apps.organizations.models import Member
from apps.organizations.selectors import members_for
from apps.organizations.selectors_directory import (
    counted_group_for,
    counted_groups_for,
    group_for,
    group_people,
    groups_matching,
)
from apps.organizations.services import (
    group_member_remove,
    group_members_add,
    local_group_create,
    local_group_delete,
    local_group_rename,
)
from apps.portal.forms.groups import GroupForm, GroupMemberForm
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.portal.paging import paginate
from apps.roles.permissions import BIND_ROLE


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=` narrows the list by name."""
    query = request.GET.get("q", "").strip()[:100]
    context = {
        "page": paginate(request, groups_matching(counted_groups_for(request.actor), q=query)),
        "query": query,
        "can_manage": allows(request.actor, p.MANAGE_GROUP),
    }
    return render(request, "portal/groups/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def create(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, p.MANAGE_GROUP)
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = local_group_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{group} is there. Put members in, and give it roles.")
            return redirect("group", group.id)
    status = 422 if form.errors else 200
    return render(request, "portal/groups/new.html", {"form": form}, status=status)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    group = counted_group_for(request.actor, group_id)
    context = {
        "group": group,
        "bindings": [
            (binding, allows(request.actor, BIND_ROLE, binding.organization))
            for binding in group.bindings.all()
        ],
        "page": paginate(request, group_people(group)),
        "can_manage": group.is_local and allows(request.actor, p.MANAGE_GROUP),
        "can_bind": allows(request.actor, BIND_ROLE)
        and (group.is_local or allows(request.actor, p.MANAGE_PROVISIONING)),
    }
    return render(request, "portal/groups/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def rename(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, p.MANAGE_GROUP)
    group = group_for(request.actor, group_id)
    form = GroupForm(request.POST or None, initial={"name": group.display_name})
    if request.method == "POST" and form.is_valid():
        try:
            local_group_rename(actor=request.actor, group_id=group.id, **form.cleaned_data)
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The name is changed.")
            return redirect("group", group.id)
    status = 422 if form.errors else 200
    return render(
        request, "portal/groups/rename.html", {"form": form, "group": group}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def member_add(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    """GET with `?email=` shows what they would gain; POST puts them in."""
    authorize(request.actor, p.MANAGE_GROUP)
    group = group_for(request.actor, group_id)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET
    form = GroupMemberForm(data if "email" in data else None)
    preview = member = None
    if form.is_valid():
        try:
            member = _member(request, form.cleaned_data["email"])
            preview = group_members_add(
                actor=request.actor,
                group_id=group.id,
                member_ids=[member.id],
                dry_run=not is_sent,
            )
        except (NotFound, PermissionDenied):
            raise
        except InvalidInput as error:
            form.add_error("email", str(error.errors[0].detail))
        except PlatformError as error:
            add_errors(form, error)
        else:
            if is_sent:
                messages.success(request, f"{member} is in {group} now.")
                return redirect("group", group.id)
    context = {"form": form, "group": group, "preview": preview, "member": member}
    status = 422 if form.errors else 200
    return render(request, "portal/groups/member_add.html", context, status=status)


def _member(request: WorkspaceRequest, email: str) -> Member:
    """Raises InvalidInput where the actor sees no such member."""
    found = members_for(request.actor).filter(email__iexact=email).first()
    if found is None or not found.is_active:
        raise InvalidInput.field("email", "No active member that you see has this address.")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def member_remove(
    request: WorkspaceRequest, group_id: uuid.UUID, member_id: uuid.UUID
) -> HttpResponse:
    """GET shows what they would lose; POST takes them out."""
    authorize(request.actor, p.MANAGE_GROUP)
    group = group_for(request.actor, group_id)
    row = group_people(group).filter(member_id=member_id).first()
    if row is None:
        raise NotFound
    preview = group_member_remove(
        actor=request.actor,
        group_id=group.id,
        member_id=member_id,
        dry_run=request.method != "POST",
    )
    if request.method == "POST":
        messages.success(request, f"{row.member} is no longer in {group}.")
        return redirect("group", group.id)
    context = {"group": group, "member": row.member, "preview": preview}
    return render(request, "portal/groups/member_remove.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def delete(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, p.MANAGE_GROUP)
    group = counted_group_for(request.actor, group_id)
    preview = local_group_delete(actor=request.actor, group_id=group.id, dry_run=True)
    form = ConfirmNameForm(request.POST or None, expected=group.display_name)
    if request.method == "POST" and form.is_valid():
        local_group_delete(actor=request.actor, group_id=group.id)
        messages.success(request, f"{group} was deleted.")
        return redirect("groups")
    context = {"form": form, "group": group, "preview": preview}
    status = 422 if form.errors else 200
    return render(request, "portal/groups/delete.html", context, status=status)
