"""The workspace's people: the list, one of them, and changes."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.access import allows, authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.common.urls import public_url
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import held_through_groups
from apps.organizations.models import Member, Placement
from apps.organizations.offboarding import owned_by
from apps.organizations.selectors import (
    members_for,
    sees_groups,
)
from apps.organizations.selectors_tree import open_organizations_for
from apps.organizations.services import (
    binding_create,
    member_move,
    member_offboard,
    member_update_status,
)
from apps.portal.forms.workspace import (
    BindingForm,
    ConfirmNameForm,
    MoveMemberForm,
    RemoveMemberForm,
    indented,
)
from apps.portal.http import WorkspaceRequest, add_errors, may, require, workspace_page
from apps.portal.paging import paginate
from apps.portal.selectors import (
    member_filters,
    members_found,
    members_with_roles,
    roles_to_give,
)
from apps.roles.permissions import BIND_ROLE, VIEW_ROLE


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=`, `?status=`, `?role=` and `?organization=` narrow the list and stay in the address."""
    require(request.actor, p.VIEW_MEMBER)
    filters = {
        name: request.GET.get(name, "").strip()[:100]
        for name in ("query", "status", "role", "organization")
    }
    filters["query"] = request.GET.get("q", "").strip()[:100]
    choices = member_filters(request.actor)
    context = {
        "page": paginate(request, members_found(request.actor, **filters)),
        "filters": filters,
        "is_filtered": any(filters.values()),
        "roles": choices.roles,
        "organizations": [
            (key, indented(name, depth)) for key, name, depth in choices.organizations
        ],
        "statuses": [s for s in MemberStatus if s != MemberStatus.REMOVED],
        "can_invite": may(request.actor, p.INVITE_MEMBER),
    }
    return render(request, "portal/members/list.html", context)


def _member(actor: Actor, member_id: uuid.UUID) -> Member:
    member = members_with_roles(actor).filter(id=member_id).first()
    if member is None:
        raise NotFound
    return member


def _places(actor: Actor, member: Member) -> list[tuple[Placement, bool, bool]]:
    """Where they belong besides, in tree order: whether it can become the primary one, and be taken away."""
    may_move = allows(actor, p.UPDATE_MEMBER, member.organization)
    found = []
    for placement in member.placements.select_related("organization").order_by(
        "organization__path"
    ):
        is_mine = allows(actor, p.UPDATE_MEMBER, placement.organization)
        found.append(
            (
                placement,
                may_move and is_mine and not placement.organization.is_archived,
                may_move or is_mine,
            )
        )
    return found


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    member = _member(request.actor, member_id)
    node = member.organization
    is_self = member.id == request.actor.member_id
    context = {
        "member": member,
        "is_self": is_self,
        "bindings": [
            (b, allows(request.actor, BIND_ROLE, b.organization)) for b in member.bindings.all()
        ],
        "through_groups": held_through_groups(member).order_by("group__display_name", "id"),
        "sees_groups": sees_groups(request.actor),
        "sees_access": allows(request.actor, VIEW_ROLE, node),
        "can_bind": may(request.actor, BIND_ROLE) and member.is_active,
        "places": _places(request.actor, member),
        "can_place": may(request.actor, p.UPDATE_MEMBER),
        "can_update": allows(request.actor, p.UPDATE_MEMBER, node),
        "can_remove": is_self or allows(request.actor, p.REMOVE_MEMBER, node),
        "form": ConfirmNameForm(expected=str(member)),
    }
    return render(request, "portal/members/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def role_give(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    require(request.actor, BIND_ROLE)
    member = _member(request.actor, member_id)
    form = BindingForm(
        request.POST or None,
        roles=roles_to_give(request.actor),
        organizations=open_organizations_for(request.actor),
        initial={"organization_id": member.organization_id},
    )
    if request.method == "POST" and form.is_valid():
        try:
            binding = binding_create(actor=request.actor, member_id=member.id, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            when = "will be" if binding.starts_at else "is now"
            messages.success(request, f"{member} {when} {binding.role} at {binding.organization}.")
            return redirect("member", member.id)
    status = 422 if form.errors else 200
    return render(
        request, "portal/members/role.html", {"form": form, "member": member}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def move(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    require(request.actor, p.UPDATE_MEMBER)
    member = _member(request.actor, member_id)
    form = MoveMemberForm(
        request.POST or None,
        organizations=open_organizations_for(request.actor),
        initial={"organization_id": member.organization_id},
    )
    if request.method == "POST" and form.is_valid():
        try:
            moved = member_move(actor=request.actor, member_id=member.id, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{member} now belongs to {moved.organization}.")
            return redirect("member", member.id)
    status = 422 if form.errors else 200
    return render(
        request, "portal/members/move.html", {"form": form, "member": member}, status=status
    )


@require_POST
@workspace_page
def set_status(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    """Deactivate or reactivate; both can be taken back, so they ask nothing."""
    require(request.actor, p.UPDATE_MEMBER)
    wanted = request.POST.get("status", "")
    if wanted not in (MemberStatus.ACTIVE, MemberStatus.DEACTIVATED):
        raise InvalidInput.field("status", "Choose active or deactivated.")
    status = MemberStatus(wanted)
    try:
        member = member_update_status(actor=request.actor, member_id=member_id, status=status)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        done = "can work here again" if status == MemberStatus.ACTIVE else "can no longer enter"
        messages.success(request, f"{member} {done}.")
    return redirect("member", member_id)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def remove(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    member = _member(request.actor, member_id)
    is_self = member.id == request.actor.member_id
    if not is_self:
        authorize(request.actor, p.REMOVE_MEMBER, member.organization)
    owned = owned_by(member)
    form = RemoveMemberForm(request.POST or None, expected=str(member), owns=bool(owned))
    if request.method == "POST" and form.is_valid():
        try:
            if owned:
                member_offboard(
                    actor=request.actor,
                    member_id=member.id,
                    successor_id=_successor_id(request.actor, form.cleaned_data["successor"]),
                )
            else:
                member_update_status(
                    actor=request.actor, member_id=member.id, status=MemberStatus.REMOVED
                )
        except InvalidInput as error:
            form.add_error("successor", str(error.errors[0].detail))
        except PlatformError as error:
            add_errors(form, error)
        else:
            if is_self:
                return redirect(public_url("/workspaces/"))
            messages.success(request, f"{member} was removed from the workspace.")
            return redirect("members")
    status = 422 if form.errors else 200
    context = {"form": form, "member": member, "is_self": is_self, "owned": owned}
    return render(request, "portal/members/remove.html", context, status=status)


def _successor_id(actor: Actor, email: str) -> uuid.UUID:
    """Raises InvalidInput where the actor sees no such member."""
    found = members_for(actor).filter(email__iexact=email).first()
    if found is None:
        raise InvalidInput.field("successor", "No member that you see has this address.")
    return found.id
