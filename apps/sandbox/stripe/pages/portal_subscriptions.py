"""What the portal does with subscriptions, by the calls that the API has for them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.sandbox.stripe import internal
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.pages import shared
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.resources.portal import CONFIGURATION, FLOWS, SESSION

REASONS = {
    "too_expensive": "It’s too expensive",
    "missing_features": "I need features that it does not have",
    "switched_service": "I found an alternative",
    "unused": "I no longer need it",
    "customer_service": "The customer service was not what I expected",
    "too_complex": "It is too complicated",
    "low_quality": "The quality was not what I expected",
    "other": "Something else",
}


def shown(ctx: Context, customer: str) -> list[Json]:
    """Subscriptions that are not over, with the names of their products."""
    found = internal.listed(ctx, "/v1/subscriptions", {"customer": customer})
    return [_named(ctx, one) for one in found]


def _named(ctx: Context, subscription: Json) -> Json:
    items = [
        item | {"product": ctx.rows("product").get(object_id=item["price"]["product"]).data["name"]}
        for item in subscription["items"]["data"]
    ]
    first = items[0] if items else {}
    ends = subscription.get("cancel_at") or first.get("current_period_end")
    is_ending = bool(subscription["cancel_at_period_end"] or subscription.get("cancel_at"))
    # Templates cannot reach `items` of a dict.
    return subscription | {"lines": items, "period_end": ends, "is_ending": is_ending}


def _own(ctx: Context, session: Json, subscription_id: str) -> Json:
    """Raises Http404 for another customer's."""
    try:
        found = internal.call(ctx, "GET", f"/v1/subscriptions/{subscription_id}")
    except Invalid as error:
        raise Http404 from error
    if found["customer"] != session["customer"]:
        raise Http404
    return found


def resume(ctx: Context, session: Json, subscription_id: str) -> Json:
    found = _own(ctx, session, subscription_id)
    path = f"/v1/subscriptions/{found['id']}"
    return internal.call(ctx, "POST", path, {"cancel_at_period_end": False})


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, session_id: str, subscription_id: str) -> HttpResponse:
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        wishes = _feature(ctx, session, "subscription_cancel")
        found = _own(ctx, session, subscription_id)
        if request.method == "POST":
            after, error = shared.attempt(lambda: _cancel(ctx, found, wishes, request.POST))
            if after is not None:
                messages.success(request, "Your subscription is canceled.")
                return done(session)
            messages.error(request, error)
        reasons = [(one, REASONS[one]) for one in wishes["cancellation_reason"]["options"]]
        context = {
            "account": ctx.account,
            "asks_why": wishes["cancellation_reason"]["enabled"],
            "at_once": wishes["mode"] == "immediately",
            "reasons": reasons,
            "session": session,
            "subscription": _named(ctx, found),
        }
        leads_to = return_url(session)
        return shared.page(request, "portal_cancel", context, leads_to=leads_to)


def _cancel(ctx: Context, found: Json, wishes: Json, given: Any) -> Json:
    details: Json = {}
    if given.get("feedback") in REASONS:
        details["feedback"] = given["feedback"]
    if given.get("comment"):
        details["comment"] = given["comment"][:500]
    path = f"/v1/subscriptions/{found['id']}"
    params: Json = {"cancellation_details": details} if details else {}
    if wishes["mode"] == "immediately":
        prorate = wishes["proration_behavior"] != "none"
        return internal.call(ctx, "DELETE", path, params | {"prorate": prorate})
    return internal.call(ctx, "POST", path, params | {"cancel_at_period_end": True})


@require_http_methods(["GET", "HEAD", "POST"])
def update(request: HttpRequest, session_id: str, subscription_id: str) -> HttpResponse:
    """Another of the prices that the configuration offers, or another quantity."""
    with shared.opened(request, SESSION, session_id) as (ctx, session):
        wishes = _feature(ctx, session, "subscription_update")
        found = _own(ctx, session, subscription_id)
        confirm = (session["flow"] or {}).get("subscription_update_confirm")
        offers = _offers(ctx, found, wishes, confirm)
        if request.method == "POST":
            price, quantity = request.POST.get("price", ""), request.POST.get("quantity", "")
            after, error = shared.attempt(
                lambda: _update(ctx, found, wishes, offers, price, quantity)
            )
            if after is not None:
                messages.success(request, "Your subscription is changed.")
                return done(session)
            messages.error(request, error)
        item = found["items"]["data"][0]
        context = {
            "account": ctx.account,
            "asks_quantity": "quantity" in wishes["default_allowed_updates"] and not confirm,
            "chosen": confirm["items"][0].get("price") if confirm else item["price"]["id"],
            "item": item,
            "offers": offers,
            "quantity": confirm["items"][0].get("quantity") if confirm else item.get("quantity"),
            "session": session,
            "subscription": _named(ctx, found),
        }
        leads_to = return_url(session)
        return shared.page(request, "portal_update", context, leads_to=leads_to)


def _offers(ctx: Context, found: Json, wishes: Json, confirm: Json | None) -> list[Json]:
    """Prices to choose from, with the names of their products."""
    current = found["items"]["data"][0]["price"]
    ids = [price for one in wishes["products"] for price in one["prices"]]
    if confirm:
        ids = [one["price"] for one in confirm["items"] if one.get("price")] or [current["id"]]
    offers = []
    for one in ids:
        price = ctx.get("price", one)
        if price["active"] and price["currency"] == current["currency"]:
            product = ctx.rows("product").get(object_id=price["product"]).data
            offers.append(price | {"name": product["name"]})
    return offers


def _update(  # noqa: PLR0917 - a form's fields
    ctx: Context, found: Json, wishes: Json, offers: list[Json], price: str, quantity: str
) -> Json:
    if price not in {one["id"] for one in offers}:
        raise Invalid("Choose one of the plans.")
    item: Json = {"id": found["items"]["data"][0]["id"], "price": price}
    if quantity.isdigit():
        item["quantity"] = int(quantity)
    given = {"items": [item], "proration_behavior": wishes["proration_behavior"]}
    return internal.call(ctx, "POST", f"/v1/subscriptions/{found['id']}", given)


def _feature(ctx: Context, session: Json, name: str) -> Json:
    feature: Json = ctx.get(CONFIGURATION, session["configuration"])["features"][name]
    if not feature["enabled"]:
        raise Http404
    return feature


def flow_page(session: Json) -> str:
    flow = session["flow"]
    page = FLOWS[flow["type"]]
    if page == "payment_method_update":
        return reverse("sandbox_stripe_portal_card", args=[session["id"]])
    name = page.removeprefix("subscription_")
    subscription = flow[flow["type"]]["subscription"]
    return reverse(f"sandbox_stripe_portal_{name}", args=[session["id"], subscription])


def return_url(session: Json) -> str:
    """Where a flow ends, if it does not end in the portal."""
    after = (session["flow"] or {}).get("after_completion") or {}
    if after.get("type") != "redirect":
        return ""
    return str(after["redirect"]["return_url"])


def done(session: Json) -> HttpResponse:
    home = reverse("sandbox_stripe_portal", args=[session["id"]]) + "?home"
    return redirect(return_url(session) or home)
