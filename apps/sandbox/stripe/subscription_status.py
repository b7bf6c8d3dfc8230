"""States of a subscription, and what moves it from one to another; when it is next due.

https://docs.stripe.com/billing/subscriptions/overview (statuses). What makes invoices is in `renewals`.
"""

from apps.sandbox.stripe import billing_periods, invoices
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

HOUR_S, DAY_S = 3600, 24 * 3600
EXPIRES_S = 23 * HOUR_S  # of a first payment, and of a pending update
TRIAL_WILL_END_S = 3 * DAY_S
UPCOMING_S = 7 * DAY_S
ENDED = frozenset({"canceled", "incomplete_expired"})


def period(subscription: Json) -> tuple[int, int]:
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def cycle(subscription: Json) -> tuple[int, int]:
    """The whole cycle of its anchor that the period is in; a first period may be the end of one only."""
    interval = Interval.of(subscription["items"]["data"][0]["price"])
    start, _ = period(subscription)
    return billing_periods.period_at(subscription["billing_cycle_anchor"], interval, start)


def with_period(subscription: Json, start: int, end: int) -> Json:
    """The `items` of the subscription with this period."""
    moved = {"current_period_start": start, "current_period_end": end}
    items = [one | moved for one in subscription["items"]["data"]]
    return subscription["items"] | {"data": items}


def due_at(ctx: Context, subscription: Json) -> int | None:
    """When something is next to happen with it by itself."""
    status = subscription["status"]
    if status in ENDED:
        return None
    moments = [subscription["cancel_at"]]
    if status == "incomplete":
        moments.append(subscription["created"] + EXPIRES_S)
    elif status != "paused":
        _, end = period(subscription)
        moments.append(end)
        is_ending = subscription["cancel_at_period_end"]
        if not is_ending and subscription["_upcoming_for"] != end:
            moments.append(end - UPCOMING_S)
        if status == "trialing" and subscription["_trial_end_told"] != subscription["trial_end"]:
            moments.append(subscription["trial_end"] - TRIAL_WILL_END_S)
    if subscription["pause_collection"]:
        moments.append(subscription["pause_collection"]["resumes_at"])
    if subscription["pending_update"]:
        moments.append(subscription["pending_update"]["expires_at"])
    found = [moment for moment in moments if moment is not None]
    return max(min(found), ctx.now) if found else None


def change(ctx: Context, subscription: Json, changes: Json) -> Json:
    """Save; publishes customer.subscription.updated, but not of one whose creation is not yet told."""
    event = "customer.subscription.updated" if subscription["_told"] else ""
    after = subscription | changes
    return ctx.change(subscription, changes, event, due_at=due_at(ctx, after))


def end(ctx: Context, subscription: Json, *, reason: str | None, status: str = "canceled") -> Json:
    """It is over: its invoices are not collected any more.

    Publishes customer.subscription.deleted, or updated where it never began.
    """
    details = subscription["cancellation_details"]
    changes = {
        "canceled_at": subscription["canceled_at"] or ctx.now,
        "cancellation_details": details | {"reason": details["reason"] or reason},
        "ended_at": ctx.now,
        "pause_collection": None,
        "pending_update": None,
        "status": status,
    }
    after = ctx.change(subscription, changes, due_at=None)
    for invoice in of_subscription(ctx, subscription["id"]):
        stopped = {"auto_advance": False, "next_payment_attempt": None}
        if invoice["status"] == "open":
            ctx.change(invoice, stopped, "invoice.updated", due_at=invoice["due_date"])
        elif invoice["status"] == "draft" and invoice["billing_reason"] != "manual":
            stopped["automatically_finalizes_at"] = None
            ctx.change(invoice, stopped, "invoice.updated", due_at=None)
    _cancel_schedule(ctx, after)
    if status == "canceled":
        ctx.emit("customer.subscription.deleted", after)
    else:
        ctx.emit("customer.subscription.updated", after, {"status": subscription["status"]})
    return after


def _cancel_schedule(ctx: Context, subscription: Json) -> None:
    if not subscription["schedule"]:
        return
    schedule = ctx.get("subscription_schedule", subscription["schedule"])
    if schedule["status"] in {"active", "not_started"}:
        changes = {"canceled_at": ctx.now, "current_phase": None, "status": "canceled"}
        ctx.emit("subscription_schedule.canceled", ctx.change(schedule, changes, due_at=None))


def of_subscription(ctx: Context, subscription_id: str) -> list[Json]:
    """Its invoices, newest first."""
    parent = {"subscription_details": {"subscription": subscription_id}}
    return ctx.find("invoice", parent=parent)


def after_payment(ctx: Context, invoice: Json) -> None:
    """An invoice was paid, voided or given up: its subscription may be in good order again."""
    subscription = _of(ctx, invoice)
    if subscription is None or subscription["status"] in ENDED:
        return
    if invoice["status"] == "paid":
        subscription = _keep_method(ctx, subscription, invoice)
        subscription = _apply_pending(ctx, subscription, invoice)
    status = subscription["status"]
    if status == "incomplete":
        if invoice["status"] == "paid":
            change(ctx, subscription, {"status": "active"})
        elif invoice["status"] == "void":
            end(ctx, subscription, reason=None, status="incomplete_expired")
    elif status == "paused" and subscription["_resumes_with"] == invoice["id"]:
        if invoice["status"] == "paid":
            resumed(ctx, subscription)
    elif status in {"past_due", "unpaid"} and _is_in_order(ctx, subscription):
        change(ctx, subscription, {"status": "active"})


def resumed(ctx: Context, subscription: Json) -> Json:
    changes = {"status": "active", "_resumes_with": None}
    after = change(ctx, subscription, changes)
    ctx.emit("customer.subscription.resumed", after)
    return after


def after_failure(ctx: Context, invoice: Json) -> None:
    """A payment failed, or is late."""
    subscription = _of(ctx, invoice)
    if subscription is None or subscription["_pending"]:
        return
    if subscription["status"] in {"active", "trialing"}:
        change(ctx, subscription, {"status": "past_due"})


def after_last_retry(ctx: Context, invoice: Json, becomes: str) -> None:
    """becomes: what the account's settings say (canceled, unpaid or past_due)."""
    subscription = _of(ctx, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    if becomes == "canceled":
        end(ctx, subscription, reason="payment_failed")
    else:
        change(ctx, subscription, {"status": becomes})


def require_living(subscription: Json) -> None:
    if subscription["status"] in ENDED:
        raise Invalid(
            "A canceled subscription can only update its cancellation_details and metadata.",
            param="subscription",
        )


def _of(ctx: Context, invoice: Json) -> Json | None:
    subscription_id = invoices.subscription_of(invoice)
    return ctx.get("subscription", subscription_id) if subscription_id else None


def _apply_pending(ctx: Context, subscription: Json, invoice: Json) -> Json:
    """What waited for this payment takes effect."""
    pending = subscription["_pending"]
    if pending is None or pending["invoice"] != invoice["id"]:
        return subscription
    applied = {"pending_update": None, "_pending": None}
    after = change(ctx, subscription, pending["changes"] | applied)
    ctx.emit("customer.subscription.pending_update_applied", after)
    return after


def _is_in_order(ctx: Context, subscription: Json) -> bool:
    """The newest of its invoices that asks for anything is settled."""
    asked = [
        one
        for one in of_subscription(ctx, subscription["id"])
        if one["status"] not in {"void", "draft"}
    ]
    return not asked or asked[0]["status"] in {"paid", "uncollectible"}


def _keep_method(ctx: Context, subscription: Json, invoice: Json) -> Json:
    """payment_settings.save_default_payment_method: on_subscription."""
    saves = (subscription["payment_settings"] or {}).get("save_default_payment_method")
    method = invoice.get("_paid_with")
    if saves != "on_subscription" or not method or subscription["default_payment_method"]:
        return subscription
    return change(ctx, subscription, {"default_payment_method": method})
