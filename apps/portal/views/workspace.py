"""The workspace itself: its settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import allows, authorize
from apps.common.errors import InvalidInput, PlatformError
from apps.portal.forms.workspace import BrandForm, TenantNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.tenants.permissions import UPDATE_SETTINGS, VIEW_SETTINGS
from apps.tenants.services import tenant_brand_set, tenant_rename


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def settings(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, VIEW_SETTINGS)
    tenant = request.tenant
    posted = request.POST if request.method == "POST" else None
    is_brand = posted is not None and "brand" in posted
    form = TenantNameForm(None if is_brand else posted, initial={"name": tenant.name})
    brand = BrandForm(
        posted if is_brand else None,
        initial={"accent_color": tenant.accent_color, "mail_footer": tenant.mail_footer},
    )
    if is_brand and brand.is_valid():
        try:
            tenant_brand_set(actor=request.actor, tenant_id=tenant.id, **brand.cleaned_data)
        except InvalidInput as error:
            add_errors(brand, error)
        else:
            messages.success(request, "The look of your mails is changed.")
            return redirect("settings")
    if not is_brand and form.is_valid():
        try:
            tenant_rename(actor=request.actor, tenant_id=tenant.id, name=form.cleaned_data["name"])
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The name is changed.")
            return redirect("settings")
    context = {
        "form": form,
        "brand": brand,
        "host": tenant.host,
        "can_update": allows(request.actor, UPDATE_SETTINGS),
    }
    status = 422 if form.errors or brand.errors else 200
    return render(request, "portal/settings.html", context, status=status)
