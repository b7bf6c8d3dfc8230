"""Subscriptions change: https://docs.stripe.com/api/subscriptions/update."""

import copy
from typing import Any

from apps.sandbox.stripe import (
    billing_periods,
    collection,
    discounts,
    invoice_drafts,
    invoice_items,
    item_changes,
    payment_sources,
    pricing,
    proration,
    renewals,
    subscription_items,
    subscription_status,
)
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import period, with_period
from apps.sandbox.stripe.subscription_terms import (
    cancellation,
    refuse_not_played,
    trial_end,
    wished_discounts,
)

# What an incomplete subscription may still be told; the rest waits for its first payment.
OF_INCOMPLETE = frozenset(
    {
        "cancellation_details",
        "default_payment_method",
        "default_source",
        "description",
        "metadata",
        "payment_settings",
        "trial_settings",
    }
)
COPIED = ("collection_method", "days_until_due", "description")


def update(ctx: Context, subscription: Json, params: Json) -> Json:
    """Of an API call, or of a schedule's phase. Publishes customer.subscription.updated, and of invoices.

    Raises Invalid, and CardError where payment_behavior is error_if_incomplete.
    """
    ctx = ctx.on_clock_of(subscription)
    check(subscription, params)
    return bill(ctx, subscription, applied(ctx, subscription, params), params)


def check(subscription: Json, params: Json) -> None:
    refuse_not_played(params)
    if set(params) - {"metadata", "cancellation_details"}:
        subscription_status.require_living(subscription)
    if subscription["status"] == "incomplete" and (more := set(params) - OF_INCOMPLETE):
        raise Invalid(
            f"You cannot update {min(more)} of a subscription that is incomplete.",
            param=min(more),
        )
    if subscription["schedule"] and set(params) & {"cancel_at", "cancel_at_period_end"}:
        raise Invalid(
            "The subscription is managed by the subscription schedule "
            f"`{subscription['schedule']}`, and updating any cancelation behavior directly is not "
            "allowed. Please update the schedule instead.",
            param="cancel_at_period_end",
        )
    if params.get("payment_behavior") == "pending_if_incomplete" and (
        more := set(params) & {"metadata", "discounts", "cancel_at_period_end", "description"}
    ):
        raise Invalid(
            "When `payment_behavior` is set to `pending_if_incomplete`, you cannot pass "
            f"`{min(more)}`.",
            param=min(more),
        )


def applied(ctx: Context, subscription: Json, params: Json) -> Json:
    """The subscription as the parameters want it, not saved; its period is still the old one."""
    after = copy.deepcopy(subscription)
    after |= {name: params[name] for name in COPIED if name in params}
    if "metadata" in params:
        after["metadata"] = merged_metadata(after["metadata"], params["metadata"])
    if "default_payment_method" in params:
        customer = ctx.get("customer", after["customer"])
        after["default_payment_method"] = payment_sources.check_method(
            ctx, customer, params["default_payment_method"]
        )
    if "default_tax_rates" in params:
        after["default_tax_rates"] = subscription_items.rates(ctx, params["default_tax_rates"])
    if params.get("payment_settings"):
        after["payment_settings"] |= params["payment_settings"]
    if params.get("trial_settings"):
        after["trial_settings"] = params["trial_settings"]
    if "pause_collection" in params:
        pause = params["pause_collection"]
        after["pause_collection"] = pause and {"resumes_at": None} | pause
    if params.get("items"):
        after["items"] = item_changes.changed(ctx, after, params["items"])
    if (wished := wished_discounts(params)) is not None:
        of = {"subscription": after["id"], "customer": after["customer"]}
        after["discounts"] = discounts.replaced(
            ctx, after["discounts"], wished, currency=after["currency"], **of
        )
    if after["collection_method"] == "send_invoice" and after["days_until_due"] is None:
        raise Invalid(
            "If collection_method is send_invoice, days_until_due is needed.",
            param="days_until_due",
        )
    if after["collection_method"] == "charge_automatically":
        after["days_until_due"] = None
    return after | cancellation(ctx, after, params)


def bill(ctx: Context, before: Json, after: Json, params: Json, *, collects: bool = True) -> Json:
    """Save what changed, and charge for it. collects: else what is to be charged stays a draft."""
    behavior = params.get("proration_behavior") or "create_prorations"
    moment = _moment(ctx, before, params)
    restart = _restart(ctx, before, after, params)
    was_trial = before["status"] == "trialing"
    prorations = []
    if behavior != "none" and before["status"] not in {"trialing", "paused"}:
        prorations = proration.changes(
            subscription_items.held(ctx, before),
            subscription_items.held(ctx, after),
            period=subscription_status.cycle(before),
            moment=moment,
            whole=restart is not None,
        )
    if restart is not None:
        after |= restart
    pending = params.get("payment_behavior") == "pending_if_incomplete"
    saved = subscription_status.change(ctx, before, _differing(before, after))
    invoice_items.add_prorations(ctx, saved | {"items": _all_items(before, saved)}, prorations)
    lines = []
    if restart is not None:
        ended = [] if was_trial else renewals.usage_lines(ctx, before, period(before)[0], ctx.now)
        lines = [*ended, *_period_lines(ctx, saved)]
    if restart is None and not (behavior == "always_invoice" and prorations):
        return saved
    lines += invoice_items.pending_lines(ctx, saved)
    invoice = invoice_drafts.draft(
        ctx,
        customer=ctx.get("customer", saved["customer"]),
        currency=saved["currency"],
        billing_reason="subscription_update",
        lines=lines,
        period=(period(before)[0], ctx.now),
        subscription=saved,
        auto_advance=False,
    )
    changes: Json = {"latest_invoice": invoice["id"]}
    if restart is not None:
        changes["discounts"] = discounts.after_invoice(ctx, saved["discounts"], invoice)
    saved = subscription_status.change(ctx, saved, changes)
    if not collects:
        return saved
    _collect(ctx, saved, invoice, params, before=before if pending else None)
    return ctx.get("subscription", saved["id"])


def _moment(ctx: Context, subscription: Json, params: Json) -> int:
    moment = params.get("proration_date")
    start, end = period(subscription)
    if moment is None:
        return ctx.now
    if not start <= moment <= end:
        raise Invalid(
            "Cannot specify proration date outside of current subscription period: "
            f"{start} - {end}.",
            param="subscription_proration_date",
        )
    return int(moment)


def _restart(ctx: Context, before: Json, after: Json, params: Json) -> Json | None:
    """What begins anew at once: a trial, or a period, which is billed. None where the period goes on."""
    is_trial = before["status"] == "trialing"
    wished = params.get("trial_end")
    if wished is not None and wished != "now":
        ends = trial_end(ctx, after, {"trial_end": wished})
        return {
            "billing_cycle_anchor": ends,
            "items": with_period(after, ctx.now, int(ends or 0)),
            "status": "trialing",
            "trial_end": ends,
            "trial_start": before["trial_start"] or ctx.now,
            "_trial_end_told": None,
        }
    old, new = (Interval.of(one["items"]["data"][0]["price"]) for one in (before, after))
    is_over = is_trial and wished == "now"
    wants_now = params.get("billing_cycle_anchor") == "now"
    moves = old != new and not is_trial
    if not (is_over or wants_now or moves or _costs_at_last(ctx, before, after)):
        return None
    start, end = billing_periods.period_at(ctx.now, new, ctx.now)
    changes: Json = {"billing_cycle_anchor": ctx.now, "items": with_period(after, start, end)}
    if is_trial:
        changes |= {"status": "active", "trial_end": ctx.now}
    return changes


def _costs_at_last(ctx: Context, before: Json, after: Json) -> bool:
    """From a free price to one that costs: the period begins with the first payment."""
    if before["status"] != "active":
        return False
    was, will = (subscription_items.held(ctx, one) for one in (before, after))
    # A price that costs, with a quantity of 0, is not free.
    is_free = not any(one.metered or pricing.total(one.price, max(one.quantity, 1)) for one in was)
    return is_free and sum(one.amount for one in will) > 0


def _differing(before: Json, after: Json) -> Json:
    return {name: value for name, value in after.items() if before.get(name) != value}


def _all_items(before: Json, after: Json) -> Json:
    """Also those that go: their tax rates hold for the credit."""
    kept = {one["id"] for one in after["items"]["data"]}
    gone = [one for one in before["items"]["data"] if one["id"] not in kept]
    return after["items"] | {"data": [*after["items"]["data"], *gone]}


def _period_lines(ctx: Context, subscription: Json) -> list[Json]:
    if subscription["status"] == "trialing":
        whole = period(subscription)
        return [
            subscription_items.trial_line(ctx, subscription, one, period=whole)
            for one in subscription["items"]["data"]
        ]
    return renewals.licensed_lines(ctx, subscription)


def _collect(
    ctx: Context, subscription: Json, invoice: Json, params: Json, *, before: Json | None
) -> None:
    """before: what a pending update returns to where the payment does not succeed."""
    if subscription["collection_method"] == "send_invoice":
        advancing = {
            "auto_advance": True,
            "automatically_finalizes_at": ctx.now + invoice_drafts.HOUR_S,
        }
        invoice_drafts.recompute(ctx, invoice, advancing)
        return
    behavior = params.get("payment_behavior") or "allow_incomplete"
    if behavior == "default_incomplete":
        collection.finalize(ctx, invoice, auto_advance=True)
        opened = ctx.get("invoice", invoice["id"])
        if opened["status"] == "open":
            subscription_status.after_failure(ctx, opened)
        return
    if before is not None:
        # A payment that fails here makes nothing past due.
        ctx.save(subscription | {"_pending": {"changes": {}, "invoice": None}})
    after = collection.collect_first(
        ctx,
        invoice,
        off_session=bool(params.get("off_session")),
        fails=behavior == "error_if_incomplete",
        retries=before is None,
    )
    if before is not None:
        saved = ctx.get("subscription", subscription["id"]) | {"_pending": None}
        ctx.save(saved)
        if after["status"] == "open":
            _hold_back(ctx, saved, before, invoice)


def _hold_back(ctx: Context, subscription: Json, before: Json, invoice: Json) -> None:
    """The update takes effect with the payment (https://docs.stripe.com/billing/subscriptions/pending-updates)."""
    names = ("billing_cycle_anchor", "items", "status", "trial_end", "trial_start")
    changes = {one: subscription[one] for one in names if subscription[one] != before[one]}
    back: dict[str, Any] = {one: before[one] for one in changes}
    back["pending_update"] = {
        "billing_cycle_anchor": changes.get("billing_cycle_anchor"),
        "expires_at": ctx.now + subscription_status.EXPIRES_S,
        "prebilling_iterations": None,
        "subscription_items": subscription["items"]["data"],
        "trial_end": changes.get("trial_end"),
        "trial_from_plan": None,
    }
    back["_pending"] = {"changes": changes, "invoice": invoice["id"]}
    subscription_status.change(ctx, subscription, back)
