"""Roles that members and groups hold: given, ended and taken, each with what it changes beforehand."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations.models import RoleBinding
from apps.organizations.selectors import binding_for, organizations_for
from apps.organizations.selectors_directory import group_for
from apps.organizations.services import binding_create, binding_delete, binding_end
from apps.portal.forms.groups import BindingEndForm
from apps.portal.forms.workspace import BindingForm
from apps.portal.http import WorkspaceRequest, add_errors, require, workspace_page
from apps.portal.selectors import roles_to_give
from apps.roles.models import OWNER
from apps.roles.permissions import BIND_ROLE


def _home(binding: RoleBinding) -> tuple[Any, ...]:
    """Where the binding is listed, for `redirect`."""
    if binding.group_id is not None:
        return ("group", binding.group_id)
    return ("member", binding.member_id)


def _bindable(actor: Actor, binding_id: uuid.UUID) -> RoleBinding:
    require(actor, BIND_ROLE)
    return binding_for(actor, binding_id)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def take(request: WorkspaceRequest, binding_id: uuid.UUID) -> HttpResponse:
    """GET shows who would lose what; POST takes the role."""
    binding = _bindable(request.actor, binding_id)
    is_sent = request.method == "POST"
    try:
        preview = binding_delete(actor=request.actor, binding_id=binding_id, dry_run=not is_sent)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
        return redirect(*_home(binding))
    if is_sent:
        messages.success(request, "The role is revoked, from the next request on.")
        return redirect(*_home(binding))
    return render(request, "portal/bindings/take.html", {"binding": binding, "preview": preview})


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def end(request: WorkspaceRequest, binding_id: uuid.UUID) -> HttpResponse:
    """GET asks until when, and with `?ends_at=` shows what that changes; POST does it."""
    binding = _bindable(request.actor, binding_id)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET
    form = BindingEndForm(
        data if "ends_at" in data else None,
        initial={"ends_at": binding.ends_at and timezone.localtime(binding.ends_at)},
    )
    preview = None
    if form.is_valid():
        try:
            _binding, preview = binding_end(
                actor=request.actor,
                binding_id=binding_id,
                ends_at=form.cleaned_data["ends_at"],
                dry_run=not is_sent,
            )
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            if is_sent:
                messages.success(request, "The role’s time is changed.")
                return redirect(*_home(binding))
    context = {"binding": binding, "form": form, "preview": preview}
    status = 422 if form.errors else 200
    return render(request, "portal/bindings/end.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def group_give(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    require(request.actor, BIND_ROLE)
    group = group_for(request.actor, group_id)
    roles = roles_to_give(request.actor)
    form = BindingForm(
        request.POST or None,
        roles=[role for role in roles if group.is_local or role.code != OWNER],
        organizations=organizations_for(request.actor),
    )
    if request.method == "POST" and form.is_valid():
        try:
            binding = binding_create(actor=request.actor, group_id=group.id, **form.cleaned_data)
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            when = "will be" if binding.starts_at else "is now"
            messages.success(
                request, f"Who is in {group} {when} {binding.role} at {binding.organization}."
            )
            return redirect("group", group.id)
    status = 422 if form.errors else 200
    context = {"form": form, "group": group}
    return render(request, "portal/groups/role.html", context, status=status)
