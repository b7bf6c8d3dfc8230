"""What time does to a subscription: periods, trials, pauses, ends, and the invoices that they make."""

from apps.sandbox.stripe import (
    billing_periods,
    collection,
    discounts,
    invoice_drafts,
    invoice_items,
    payment_sources,
    proration,
    subscription_items,
    subscription_status,
)
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import change, period, with_period


def due(ctx: Context, subscription: Json) -> None:
    """The next thing that is due with it; each saves it with a later due_at."""
    status, (_, end) = subscription["status"], period(subscription)
    pause, pending = subscription["pause_collection"], subscription["pending_update"]
    if status == "incomplete":
        _expire(ctx, subscription)
    elif pending and pending["expires_at"] <= ctx.now:
        _expire_update(ctx, subscription)
    elif pause and pause["resumes_at"] is not None and pause["resumes_at"] <= ctx.now:
        change(ctx, subscription, {"pause_collection": None})
    elif subscription["cancel_at"] is not None and subscription["cancel_at"] <= ctx.now:
        finish(ctx, subscription, reason="cancellation_requested")
    elif status == "trialing" and _is_told(ctx, subscription):
        pass
    elif end <= ctx.now:
        renew(ctx, subscription)
    else:
        ctx.emit("invoice.upcoming", upcoming(ctx, subscription))
        _remember(ctx, subscription, {"_upcoming_for": end})


def _is_told(ctx: Context, subscription: Json) -> bool:
    """customer.subscription.trial_will_end, three days before, or at once where less is left."""
    ends = subscription["trial_end"]
    is_time = ctx.now >= ends - subscription_status.TRIAL_WILL_END_S
    if subscription["_trial_end_told"] == ends or not is_time:
        return False
    ctx.emit("customer.subscription.trial_will_end", subscription)
    _remember(ctx, subscription, {"_trial_end_told": ends})
    return True


def _remember(ctx: Context, subscription: Json, changes: Json) -> None:
    after = subscription | changes
    ctx.save(after, due_at=subscription_status.due_at(ctx, after))


def _expire(ctx: Context, subscription: Json) -> None:
    """The first payment did not come within 23 hours."""
    after = subscription_status.end(ctx, subscription, reason=None, status="incomplete_expired")
    latest = ctx.get("invoice", after["latest_invoice"])
    if latest["status"] == "open":
        collection.void(ctx, latest)


def _expire_update(ctx: Context, subscription: Json) -> None:
    """What a pending update waited for was not paid: it never happens, its invoice is void."""
    invoice = ctx.get("invoice", subscription["_pending"]["invoice"])
    after = change(ctx, subscription, {"pending_update": None, "_pending": None})
    ctx.emit("customer.subscription.pending_update_expired", after)
    if invoice["status"] == "open":
        collection.void(ctx, invoice)


def finish(ctx: Context, subscription: Json, *, reason: str, bills: bool = True) -> Json:
    """The end. bills: metered usage, and what waited for the next invoice, are on a last one."""
    lines = usage_lines(ctx, subscription, period(subscription)[0], ctx.now) if bills else []
    if lines:
        lines += invoice_items.pending_lines(ctx, subscription)
        invoice = _draft(ctx, subscription, lines, "subscription_cycle", auto_advance=True)
        subscription = change(ctx, subscription, {"latest_invoice": invoice["id"]})
        ended = subscription_status.end(ctx, subscription, reason=reason)
        # The end stops what was being collected, but not this one.
        at = ctx.now + invoice_drafts.HOUR_S
        again = {"auto_advance": True, "automatically_finalizes_at": at, "next_payment_attempt": at}
        ctx.change(ctx.get("invoice", invoice["id"]), again, due_at=at)
        return ended
    return subscription_status.end(ctx, subscription, reason=reason)


def renew(ctx: Context, subscription: Json) -> None:
    """A period or a trial is over: the next begins, with its invoice."""
    was_trial = subscription["status"] == "trialing"
    if was_trial and not has_method(ctx, subscription):
        wish = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if wish == "cancel":
            subscription_status.end(ctx, subscription, reason=None)
            return
        if wish == "pause":
            paused = change(ctx, subscription, {"status": "paused"})
            ctx.emit("customer.subscription.paused", paused)
            return
    old = period(subscription)
    moved = subscription | {
        "items": with_period(subscription, *next_period(subscription)),
        "status": "active" if was_trial else subscription["status"],
    }
    lines = [] if was_trial else usage_lines(ctx, subscription, *old)
    bill_cycle(ctx, subscription, moved, [*lines, *licensed_lines(ctx, moved)], old)


def bill_cycle(
    ctx: Context, before: Json, moved: Json, lines: list[Json], old: tuple[int, int]
) -> None:
    """The draft of a period that begins, and what a pause of collection makes of it."""
    live = discounts.still_live(ctx, moved["discounts"])
    lines += invoice_items.pending_lines(ctx, moved)
    pause = moved["pause_collection"]
    collects = pause is None and before["status"] != "unpaid"
    invoice = _draft(
        ctx,
        moved | {"discounts": live},
        lines,
        "subscription_cycle",
        auto_advance=collects,
        old=old,
    )
    changes = {
        "discounts": discounts.after_invoice(ctx, live, invoice),
        "items": moved["items"],
        "latest_invoice": invoice["id"],
        "status": moved["status"],
    }
    change(ctx, before, changes)
    if pause and pause["behavior"] != "keep_as_draft":
        opened = collection.finalize(ctx, invoice, auto_advance=False)
        if opened["status"] == "open":
            close = collection.void if pause["behavior"] == "void" else collection.give_up
            close(ctx, opened)


def _draft(
    ctx: Context,
    subscription: Json,
    lines: list[Json],
    reason: str,
    *,
    auto_advance: bool,
    old: tuple[int, int] | None = None,
) -> Json:
    return invoice_drafts.draft(
        ctx,
        customer=ctx.get("customer", subscription["customer"]),
        currency=subscription["currency"],
        billing_reason=reason,
        lines=lines,
        period=old,
        subscription=subscription,
        auto_advance=auto_advance,
    )


def has_method(ctx: Context, subscription: Json) -> bool:
    if subscription["collection_method"] == "send_invoice":
        return True
    customer = ctx.get("customer", subscription["customer"])
    return payment_sources.method_of(ctx, customer, subscription) is not None


def licensed_lines(ctx: Context, subscription: Json) -> list[Json]:
    """Of the period that begins; one that is shorter than its cycle costs its share."""
    now, full = period(subscription), subscription_status.cycle(subscription)
    lines = [
        one
        for item in subscription["items"]["data"]
        if item["price"]["recurring"]["usage_type"] == "licensed"
        for one in subscription_items.lines(ctx, subscription, item, period=now)
    ]
    if full[0] < now[0]:
        for one in lines:
            one["amount"] = one["subtotal"] = proration.share(one["amount"], full, now[0])
            one["parent"]["subscription_item_details"]["proration"] = True
    return lines


def next_period(subscription: Json) -> tuple[int, int]:
    _, end = period(subscription)
    interval = Interval.of(subscription["items"]["data"][0]["price"])
    return billing_periods.first_period(subscription["billing_cycle_anchor"], interval, end)


def usage_lines(ctx: Context, subscription: Json, start: int, end: int) -> list[Json]:
    return [
        one
        for item in subscription["items"]["data"]
        if item["price"]["recurring"]["usage_type"] == "metered"
        for one in subscription_items.usage_lines(ctx, subscription, item, period=(start, end))
    ]


def upcoming(ctx: Context, subscription: Json) -> Json:
    """The invoice that the next period will begin with, as of now; it has no row and no id of its own."""
    old = period(subscription)
    is_ending = subscription["cancel_at_period_end"] or subscription["status"] == "paused"
    moved = subscription | {"items": with_period(subscription, *next_period(subscription))}
    is_trial = subscription["status"] == "trialing"
    lines = [] if is_trial else usage_lines(ctx, subscription, *old)
    lines += [] if is_ending else licensed_lines(ctx, moved)
    lines += invoice_items.pending_lines(ctx, subscription)
    return invoice_drafts.preview(
        ctx,
        customer=ctx.get("customer", subscription["customer"]),
        subscription=moved | {"discounts": discounts.still_live(ctx, moved["discounts"])},
        lines=lines,
        period=old,
        at=old[1],
    )
