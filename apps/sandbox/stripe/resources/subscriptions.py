"""https://docs.stripe.com/api/subscriptions"""

from apps.sandbox.stripe import (
    listing,
    renewals,
    schedules,
    subscription_changes,
    subscription_ends,
    subscription_status,
    subscriptions,
)
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json, kind, on_due, on_event, renders, route

KIND = "subscription"
OLD = ("coupon", "promotion_code")
kind(KIND, prefix="sub_")
kind("discount", prefix="di_", fields=("discounts",))


@route("POST", "/v1/subscriptions", "SubscriptionCreateParams", old_params=OLD)
def create(ctx: Context, params: Json) -> Json:
    return subscriptions.create(ctx, params)


@route("GET", "/v1/subscriptions/search", "SubscriptionSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


@route("GET", "/v1/subscriptions/{subscription}", "SubscriptionRetrieveParams")
def retrieve(ctx: Context, params: Json, subscription: str) -> Json:
    return ctx.show(KIND, subscription)


@route("POST", "/v1/subscriptions/{subscription}", "SubscriptionModifyParams", old_params=OLD)
def update(ctx: Context, params: Json, subscription: str) -> Json:
    return subscription_changes.update(ctx, ctx.get(KIND, subscription), params)


@route("DELETE", "/v1/subscriptions/{subscription}", "SubscriptionCancelParams")
def cancel(ctx: Context, params: Json, subscription: str) -> Json:
    return subscription_ends.cancel(ctx, ctx.get(KIND, subscription), params)


@route("POST", "/v1/subscriptions/{subscription}/resume", "SubscriptionResumeParams")
def resume(ctx: Context, params: Json, subscription: str) -> Json:
    return subscription_ends.resume(ctx, ctx.get(KIND, subscription), params)


@route("DELETE", "/v1/subscriptions/{subscription}/discount", "SubscriptionDeleteDiscountParams")
def delete_discount(ctx: Context, params: Json, subscription: str) -> Json:
    found = ctx.get(KIND, subscription)
    gone = found["discounts"]
    subscription_changes.update(ctx, found, {"discounts": []})
    first = gone[0] if gone else None
    return {"id": first, "object": "discount", "deleted": True}


@route("GET", "/v1/subscriptions", "SubscriptionListParams")
def index(ctx: Context, params: Json) -> Json:
    """Those that ended are only listed where their status is asked for."""
    rows = ctx.rows(KIND).filter(is_deleted=False)
    if params.get("test_clock") or not params.get("customer"):
        rows = rows.filter(clock=params.get("test_clock") or "")
    for name in ("customer", "collection_method"):
        if params.get(name):
            rows = rows.filter(**{f"data__{name}": params[name]})
    if price := params.get("price") or params.get("plan"):
        items = {"items": {"data": [{"price": {"id": price}}]}}
        rows = rows.filter(data__contains=items)
    status = params.get("status")
    if status == "ended":
        rows = rows.filter(data__status__in=sorted(subscription_status.ENDED))
    elif status is None:
        rows = rows.exclude(data__status="canceled")
    elif status != "all":
        rows = rows.filter(data__status=status)
    return listing.rows_page(ctx, KIND, rows, params)


@on_event("customer.deleted")
def customer_deleted(ctx: Context, customer: Json) -> None:
    """Nothing of a customer who is gone goes on: nobody is charged."""
    for found in ctx.find(KIND, customer=customer["id"]):
        if found["status"] not in subscription_status.ENDED:
            subscription_status.end(ctx, found, reason="cancellation_requested")
    stopped: Json = {"auto_advance": False, "next_payment_attempt": None}
    for invoice in ctx.find("invoice", customer=customer["id"]):
        if invoice["status"] in {"draft", "open"}:
            ctx.change(invoice, stopped | {"automatically_finalizes_at": None}, due_at=None)
    for schedule in ctx.find("subscription_schedule", customer=customer["id"]):
        if schedule["status"] == "not_started":
            schedules.cancel(ctx, schedule, {})


@on_due(KIND)
def due(ctx: Context, found: Json) -> None:
    """A phase of its schedule that begins now comes first: a renewal is billed as the phase says."""
    if found["schedule"]:
        schedules.advance(ctx, ctx.get("subscription_schedule", found["schedule"]))
        found = ctx.get(KIND, found["id"])
        next_at = subscription_status.due_at(ctx, found)
        if next_at is None or next_at > ctx.now:
            ctx.save(found, due_at=next_at)
            return
    renewals.due(ctx, found)


@renders(KIND, before="2025-03-31")
def before_basil(ctx: Context, found: Json) -> Json:
    """The period was the subscription's, not its items'."""
    items = found["items"]["data"]
    moved = ("current_period_start", "current_period_end")
    new = {name: items[0][name] for name in moved}
    for one in items:
        for name in moved:
            one.pop(name, None)
    only = items[0] if len(items) == 1 else {}
    discounts = [ctx.get("discount", one) for one in found["discounts"]]
    shown = {name: value for name, value in found.items() if name not in _NEW}
    return (
        shown
        | new
        | {
            "discount": _old_discount(ctx, discounts[0]) if discounts else None,
            "plan": only.get("plan"),
            "quantity": only.get("quantity"),
        }
    )


_NEW = ("billing_mode", "billing_schedules", "customer_account", "managed_payments")


@renders("discount", before="2025-09-30")
def discount_before_clover(ctx: Context, found: Json) -> Json:
    return _old_discount(ctx, found)


def _old_discount(ctx: Context, found: Json) -> Json:
    """The coupon was in it, whole."""
    if "source" not in found:
        return found
    coupon = ctx.rows("coupon").get(object_id=found["source"]["coupon"]).data
    shown = {name: value for name, value in found.items() if name != "source"}
    return shown | {"coupon": coupon}
