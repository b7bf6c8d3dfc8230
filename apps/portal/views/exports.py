"""Exporting everything: asking for an archive, watching it being written, downloading it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import authorize
from apps.common.errors import PlatformError
from apps.portal.http import WorkspaceRequest, workspace_page
from apps.tenants.exports.selectors import export_link, exports_for, percent
from apps.tenants.permissions import EXPORT_DATA
from apps.tenants.services import export_request
from apps.tenants.services.exports import UNFINISHED

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def exports(request: WorkspaceRequest) -> HttpResponse:
    """htmx asks again and again with `?seen=` while one is made; the answer is empty until it moved."""
    authorize(request.actor, EXPORT_DATA)
    if request.method == "POST":
        try:
            export_request(actor=request.actor, tenant_id=request.tenant.id)
        except PlatformError as error:
            messages.error(request, str(error.detail))
        return redirect("exports")
    found = list(exports_for(request.actor)[:SHOWN])
    running = next((export for export in found if export.status in UNFINISHED), None)
    seen = f"{running.id}-{running.status}-{percent(running)}" if running else ""
    if request.htmx and seen and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    finished = [(export, export_link(export)) for export in found if export is not running]
    context = {
        "running": running,
        "percent": percent(running) if running else 0,
        "seen": seen,
        "finished": finished,
        "latest": finished[0][0] if finished else None,
        "keep_days": settings.EXPORT_KEEP_DAYS,
    }
    template = "portal/exports/_list.html" if request.htmx else "portal/exports/list.html"
    return render(request, template, context)
