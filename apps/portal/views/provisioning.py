"""Provisioning: the address and tokens for an identity provider, and what its groups stand for."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.access import authorize
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.organizations.selectors import organizations_for
from apps.organizations.selectors_directory import (
    counted_group_for,
    counted_groups_for,
    group_members_of,
    provisioning_figures_for,
    scim_tokens_for,
)
from apps.organizations.services import group_map, scim_token_create, scim_token_revoke
from apps.portal.forms.provisioning import GroupMappingForm, ScimTokenForm
from apps.portal.http import WorkspaceRequest, add_errors, step_up, workspace_page
from apps.portal.paging import paginate
from apps.portal.selectors import roles_to_give
from apps.roles.models import OWNER

BASE_PATH = "/scim/v2"
TOKENS_SHOWN = 20
MEMBERS_SHOWN = 50


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    tokens = list(scim_tokens_for(request.actor)[:TOKENS_SHOWN])
    context = {
        "tokens": sorted(tokens, key=lambda token: not token.is_good),
        "figures": provisioning_figures_for(request.actor),
        "base_url": request.tenant.url(BASE_PATH),
    }
    return render(request, "portal/provisioning/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
@sensitive_variables("secret")
def create(request: WorkspaceRequest) -> HttpResponse:
    """The answer to the form has the token: it is kept nowhere, so it cannot be redirected to."""
    authorize(request.actor, MANAGE_PROVISIONING)
    form = ScimTokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = scim_token_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            context = {
                "token": token,
                "secret": secret,
                "base_url": request.tenant.url(BASE_PATH),
            }
            return render(request, "portal/provisioning/created.html", context)
    return render(
        request,
        "portal/provisioning/create.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


@require_POST
@workspace_page
def revoke(request: WorkspaceRequest, scim_token_id: uuid.UUID) -> HttpResponse:
    token = scim_token_revoke(actor=request.actor, token_id=scim_token_id)
    messages.success(request, f"The token “{token.label}” is void.")
    return redirect("provisioning")


@require_safe
@workspace_page
def groups(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, MANAGE_PROVISIONING)
    page = paginate(request, counted_groups_for(request.actor).filter(is_local=False))
    return render(request, "portal/provisioning/groups.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def group(request: WorkspaceRequest, group_id: uuid.UUID) -> HttpResponse:
    """One group: who is in it, and which role it gives where."""
    authorize(request.actor, MANAGE_PROVISIONING)
    found = counted_group_for(request.actor, group_id)
    present = found.bindings.first()
    organizations = list(organizations_for(request.actor))
    roles = [role for role in roles_to_give(request.actor) if role.code != OWNER]
    if present is not None and present.role not in roles:
        roles.append(present.role)
    form = GroupMappingForm(
        request.POST or None,
        roles=roles,
        organizations=organizations,
        initial=present
        and {"role_id": present.role_id, "organization_id": present.organization_id},
    )
    if request.method == "POST" and form.is_valid():
        try:
            group_map(actor=request.actor, group_id=group_id, **form.mapping())
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            chosen = dict(form.fields["role_id"].choices).get(str(form.cleaned_data["role_id"]))  # type: ignore[attr-defined]
            gives = f"gives {chosen}" if chosen else "gives no role"
            messages.success(request, f"{found} {gives} from now on.")
            return redirect("provisioning_group", group_id)
    members = group_members_of([found])[found.id]
    context = {
        "group": found,
        "form": form,
        "members": members[:MEMBERS_SHOWN],
        "left": max(0, len(members) - MEMBERS_SHOWN),
    }
    return render(
        request, "portal/provisioning/group.html", context, status=422 if form.errors else 200
    )
