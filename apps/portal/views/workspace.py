"""The workspace itself: its settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import allows, authorize
from apps.common.errors import PlatformError
from apps.portal.forms.workspace import TenantNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.tenants.permissions import UPDATE_SETTINGS, VIEW_SETTINGS
from apps.tenants.services import tenant_rename


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
