"""Subscriptions are canceled, and resumed after a pause (https://docs.stripe.com/api/subscriptions/cancel)."""

from apps.sandbox.stripe import (
    billing_periods,
    collection,
    discounts,
    invoice_drafts,
    invoice_items,
    payment_sources,
    proration,
    renewals,
    subscription_items,
    subscription_status,
)
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import period, with_period


def cancel(ctx: Context, subscription: Json, params: Json) -> Json:
    """At once. Publishes customer.subscription.deleted. Raises Invalid for one that is canceled."""
    ctx = ctx.on_clock_of(subscription)
    if subscription["status"] in subscription_status.ENDED:
        raise Invalid(
            f"No such subscription: '{subscription['id']}'",
            code="resource_missing",
            param="id",
            status=404,
        )
    given = params.get("cancellation_details") or {}
    subscription["cancellation_details"] |= {
        name: given[name] for name in ("comment", "feedback") if name in given
    }
    if params.get("prorate") and subscription["status"] in {"active", "past_due"}:
        given_back = proration.changes(
            subscription_items.held(ctx, subscription),
            [],
            period=subscription_status.cycle(subscription),
            moment=ctx.now,
        )
        invoice_items.add_prorations(ctx, subscription, given_back)
    if subscription["status"] == "incomplete":
        latest = ctx.get("invoice", subscription["latest_invoice"])
        ended = subscription_status.end(ctx, subscription, reason="cancellation_requested")
        if latest["status"] == "open":
            collection.void(ctx, latest)
        return ended
    if not params.get("invoice_now"):
        return subscription_status.end(ctx, subscription, reason="cancellation_requested")
    return _final(ctx, subscription)


def _final(ctx: Context, subscription: Json) -> Json:
    """invoice_now: usage and what waits are billed at once."""
    start, _ = period(subscription)
    lines = renewals.usage_lines(ctx, subscription, start, ctx.now)
    lines += invoice_items.pending_lines(ctx, subscription)
    ended = subscription_status.end(ctx, subscription, reason="cancellation_requested")
    if not lines:
        return ended
    invoice = invoice_drafts.draft(
        ctx,
        customer=ctx.get("customer", subscription["customer"]),
        currency=subscription["currency"],
        billing_reason="subscription_update",
        lines=lines,
        period=(start, ctx.now),
        subscription=ended,
        auto_advance=True,
    )
    ended = ctx.change(ended, {"latest_invoice": invoice["id"]})
    collection.collect_first(ctx, invoice, off_session=True, fails=False)
    return ended


def resume(ctx: Context, subscription: Json, params: Json) -> Json:
    """One that a trial's end paused. It is active once its invoice is paid. Raises Invalid."""
    ctx = ctx.on_clock_of(subscription)
    if subscription["status"] != "paused":
        raise Invalid("You can only resume subscriptions that are paused.", param="subscription")
    customer = ctx.get("customer", subscription["customer"])
    payment_sources.require_method(ctx, customer, subscription)
    interval = Interval.of(subscription["items"]["data"][0]["price"])
    anchor = subscription["billing_cycle_anchor"]
    if (params.get("billing_cycle_anchor") or "now") == "now":
        anchor = ctx.now
    full = billing_periods.period_at(anchor, interval, ctx.now)
    moved = {"billing_cycle_anchor": anchor, "items": with_period(subscription, ctx.now, full[1])}
    subscription = subscription_status.change(ctx, subscription, moved)
    lines = renewals.licensed_lines(ctx, subscription)
    lines += invoice_items.pending_lines(ctx, subscription)
    invoice = invoice_drafts.draft(
        ctx,
        customer=customer,
        currency=subscription["currency"],
        billing_reason="subscription_update",
        lines=lines,
        subscription=subscription,
        auto_advance=False,
    )
    waiting = {
        "discounts": discounts.after_invoice(ctx, subscription["discounts"], invoice),
        "latest_invoice": invoice["id"],
        "_resumes_with": invoice["id"],
    }
    subscription_status.change(ctx, subscription, waiting)
    collection.collect_first(ctx, invoice, off_session=True, fails=False)
    return ctx.get("subscription", subscription["id"])
