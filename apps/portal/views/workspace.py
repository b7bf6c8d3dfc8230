"""The workspace itself: its settings, and the roles that its members can hold."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import Permission, allows, authorize, permissions
from apps.common.errors import PlatformError
from apps.portal.forms.workspace import TenantNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.portal.selectors import roles_with_holders
from apps.roles.models import OWNER, Role
from apps.roles.permissions import VIEW_ROLE
from apps.tenants.permissions import UPDATE_SETTINGS, VIEW_SETTINGS
from apps.tenants.services import tenant_rename

# Headings of the matrix; an app that is not named here shows its own label, capitalised.
AREAS = {"organizations": "People and organizations", "roles": "Roles", "tenants": "Workspace"}


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def settings(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, VIEW_SETTINGS)
    form = TenantNameForm(request.POST or None, initial={"name": request.tenant.name})
    if request.method == "POST" and form.is_valid():
        try:
            tenant_rename(
                actor=request.actor, tenant_id=request.tenant.id, name=form.cleaned_data["name"]
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The name is changed.")
            return redirect("settings")
    context = {
        "form": form,
        "host": request.tenant.host,
        "can_update": allows(request.actor, UPDATE_SETTINGS),
    }
    return render(request, "portal/settings.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page
def roles(request: WorkspaceRequest) -> HttpResponse:
    """A matrix: what each role allows."""
    authorize(request.actor, VIEW_ROLE)
    found = list(roles_with_holders())
    found.sort(
        key=lambda role: (role.code != OWNER, not role.is_system, -len(_codes(role)), role.name)
    )
    held = [_codes(role) for role in found]
    areas: dict[str, list[tuple[Permission, list[bool]]]] = {}
    for permission in permissions().values():
        area = AREAS.get(permission.app, permission.app.replace("_", " ").capitalize())
        areas.setdefault(area, []).append(
            (permission, [permission.code in codes for codes in held])
        )
    return render(request, "portal/roles.html", {"roles": found, "areas": areas})


def _codes(role: Role) -> frozenset[str]:
    return role.effective
