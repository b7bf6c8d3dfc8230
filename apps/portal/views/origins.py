"""Which sites may call the workspace's API from a browser."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.common.access import allows, authorize
from apps.common.errors import InvalidInput
from apps.portal.forms.origins import OriginsForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.tenants.origins import MAX_ORIGINS
from apps.tenants.permissions import MANAGE_DOMAINS, VIEW_SETTINGS
from apps.tenants.services import allowed_origins_set


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """The list; POST replaces it."""
    authorize(request.actor, VIEW_SETTINGS)
    tenant = request.tenant
    if request.method == "POST":
        authorize(request.actor, MANAGE_DOMAINS)
        form = OriginsForm(request.POST)
        if form.is_valid():
            try:
                allowed_origins_set(
                    actor=request.actor,
                    tenant_id=tenant.id,
                    origins=form.cleaned_data["allowed_origins"],
                )
            except InvalidInput as error:
                add_errors(form, error)
            else:
                messages.success(request, _("The allowed origins are saved."))
                return redirect("origins")
    else:
        form = OriginsForm(initial={"allowed_origins": "\n".join(tenant.allowed_origins)})
    context = {
        "form": form,
        "origins": tenant.allowed_origins,
        "api_url": tenant.url("/api/"),
        "at_most": MAX_ORIGINS,
        "can_manage": allows(request.actor, MANAGE_DOMAINS),
    }
    return render(request, "portal/origins.html", context, status=422 if form.errors else 200)
