"""What is bought, and what beside the plan: choosing add-ons, with their cost, before and after buying."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.redirects import leave_for
from apps.billing.add_ons import MOST, add_on_prices, quantities_check
from apps.billing.models import Price
from apps.billing.seats import seats_billed
from apps.billing.selectors import add_ons_paid_for, subscription_for
from apps.billing.services import add_ons_change, add_ons_preview, checkout_begin
from apps.billing.services.checkout import price_sold
from apps.common.errors import Conflict
from apps.common.ids import parse_uuid, uuid7
from apps.portal.http import WorkspaceRequest, step_up, workspace_page
from apps.portal.views.subscription import asking

FIELD = "add_on_"


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def buy(request: WorkspaceRequest, price_id: uuid.UUID) -> HttpResponse:
    """The order; then to Stripe's page. To the preview where there is a subscription to change."""
    row = subscription_for(request.actor)
    if row is not None and row.is_live:
        return redirect("plan_change", price_id=price_id)

    def ask() -> HttpResponse:
        if request.method == "POST":
            page = checkout_begin(
                actor=request.actor,
                tenant=request.tenant,
                price_id=price_id,
                email=request.user.email,
                add_ons=_wanted(request.POST),
            )
            return leave_for(page.url)
        price: Any = price_sold(price_id)
        quantity = seats_billed(request.tenant) if price.is_per_seat else 1
        context = {
            "price": price,
            "quantity": quantity,
            "total": price.money * quantity,
            "trial_days": price.plan_version.trial_days if row is None else 0,
            "lines": _lines(price, {}),
            "most": MOST,
            "is_taxed": settings.STRIPE_AUTOMATIC_TAX,
        }
        return render(request, "portal/plan/buy.html", context)

    return asking(request, "plans", ask)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def add_ons(request: WorkspaceRequest) -> HttpResponse:
    """How many of which; with them in the query, what that costs; by POST, it is done."""

    def ask() -> HttpResponse:
        row = subscription_for(request.actor)
        if row is None or not row.is_live or row.price is None:
            raise Conflict(
                _("There is no subscription. Choose a plan first."), code="not_subscribed"
            )
        if request.method == "POST":
            key = parse_uuid(request.POST.get("key", "")) or uuid7()
            add_ons_change(
                actor=request.actor,
                tenant=request.tenant,
                wanted=_wanted(request.POST),
                key=str(key),
            )
            messages.success(request, _("The add-ons are changed."))
            return redirect("plan")
        held = {one.add_on.code: one.paid_quantity for one in add_ons_paid_for(request.tenant.id)}
        wanted = _wanted(request.GET)
        context: dict[str, Any] = {
            "row": row,
            "lines": _lines(row.price, held | wanted, held),
            "most": MOST,
            "key": uuid7(),
        }
        if wanted:
            context["preview"] = add_ons_preview(
                actor=request.actor, tenant=request.tenant, wanted=wanted
            )
            context["wanted"] = [(f"{FIELD}{code}", many) for code, many in wanted.items()]
        return render(request, "portal/plan/add_ons.html", context)

    return asking(request, "plan", ask)


def _wanted(sent: QueryDict) -> dict[str, int]:
    """How many of which, by code. Raises InvalidInput."""
    found = {}
    for name, text in sent.items():
        if name.startswith(FIELD):
            value = str(text).strip() or "0"
            found[name.removeprefix(FIELD)] = int(value) if value.isdecimal() else -1
    quantities_check(found)
    return found


def _lines(
    price: Price, chosen: Mapping[str, int], held: Mapping[str, int] | None = None
) -> list[tuple[str, Price, int, int]]:
    """For each add-on: the field's name, its price, how many are in the field, how many there are."""
    return [
        (f"{FIELD}{code}", one, chosen.get(code, 0), (held or {}).get(code, 0))
        for code, one in add_on_prices(price.currency, price.interval).items()
    ]
