"""What the workspace pays for: changing with a preview, cancelling, Stripe's portal, invoices."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.redirects import leave_for
from apps.billing.invoices import InvoiceLine, invoices_for
from apps.billing.permissions import MANAGE_BILLING
from apps.billing.selectors import subscription_for
from apps.billing.services import (
    change_preview,
    plan_change,
    portal_begin,
    subscription_cancel,
    subscription_keep,
)
from apps.common.access import authorize
from apps.common.database import system_connection
from apps.common.errors import NotFound, PermissionDenied, PlatformError, ReauthenticationRequired
from apps.common.ids import parse_uuid, uuid7
from apps.portal.http import WorkspaceRequest, step_up, workspace_page

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def change(request: WorkspaceRequest, price_id: uuid.UUID) -> HttpResponse:
    """What it costs and what would be too much, before it is confirmed."""

    def ask() -> HttpResponse:
        if request.method == "POST":
            key = parse_uuid(request.POST.get("key", "")) or uuid7()
            row = plan_change(
                actor=request.actor, tenant=request.tenant, price_id=price_id, key=str(key)
            )
            waits = row is not None and row.next_price is not None
            messages.success(
                request,
                _("The plan changes when what is paid for ends.")
                if waits
                else _("The plan is changed."),
            )
            return redirect("plan")
        preview = change_preview(actor=request.actor, tenant=request.tenant, price_id=price_id)
        context = {"preview": preview, "row": subscription_for(request.actor), "key": uuid7()}
        return render(request, "portal/plan/change.html", context)

    return asking(request, "plans", ask)


@require_POST
@workspace_page
@step_up
def cancel(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        subscription_cancel(actor=request.actor, tenant=request.tenant)
        messages.success(request, _("The subscription ends when what is paid for ends."))
        return redirect("plan")

    return asking(request, "plan", ask)


@require_POST
@workspace_page
@step_up
def keep(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        subscription_keep(actor=request.actor, tenant=request.tenant)
        messages.success(request, _("The subscription goes on as it is."))
        return redirect("plan")

    return asking(request, "plan", ask)


@require_POST
@workspace_page
@step_up
def portal(request: WorkspaceRequest) -> HttpResponse:
    """To Stripe's page for cards, address and tax ids."""
    return asking(
        request,
        "plan",
        lambda: leave_for(portal_begin(actor=request.actor, tenant=request.tenant).url),
    )


@require_safe
@workspace_page
def invoices(request: WorkspaceRequest) -> HttpResponse:
    rows = invoices_for(request.actor).order_by("-created", "-djstripe_id")
    with system_connection():
        found = list(rows[: SHOWN + 1])
    context = {
        "invoices": [InvoiceLine.of(row) for row in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "shown": SHOWN,
    }
    return render(request, "portal/plan/invoices.html", context)


def asking(request: WorkspaceRequest, back: str, ask: Any) -> HttpResponse:
    """What Stripe or the state of things refuses is said on the page that it was asked from."""
    authorize(request.actor, MANAGE_BILLING)
    try:
        answer: HttpResponse = ask()
    except (NotFound, PermissionDenied, ReauthenticationRequired):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
        return redirect(back)
    return answer
