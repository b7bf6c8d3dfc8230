"""Invoices to come: all is done, looked at, and undone.

https://docs.stripe.com/api/invoices/create_preview
"""

from typing import Any

from django.db import transaction

from apps.sandbox.stripe import (
    invoice_drafts,
    invoice_items,
    proration,
    renewals,
    subscription_changes,
    subscription_items,
    subscription_status,
    subscription_terms,
    subscriptions,
)
from apps.sandbox.stripe import params as parameters
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

# Of subscription_details, what an update of the subscription takes under the same name.
OF_UPDATE = (
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "default_tax_rates",
    "items",
    "proration_behavior",
    "proration_date",
    "trial_end",
)
NOT_PLAYED = ("customer_details", "on_behalf_of", "schedule_details")
# Parameters of `upcoming`, which previous versions had instead.
PAGING = ("ending_before", "limit", "starting_after")
FLAT = {
    "subscription_billing_cycle_anchor": "billing_cycle_anchor",
    "subscription_cancel_at": "cancel_at",
    "subscription_cancel_at_period_end": "cancel_at_period_end",
    "subscription_cancel_now": "cancel_now",
    "subscription_default_tax_rates": "default_tax_rates",
    "subscription_items": "items",
    "subscription_proration_behavior": "proration_behavior",
    "subscription_proration_date": "proration_date",
    "subscription_trial_end": "trial_end",
}
SAME = ("coupon", "currency", "customer", "discounts", "invoice_items", "subscription")
UPCOMING = (*FLAT, *SAME, "schedule", "subscription_details", "expand")


def from_upcoming(given: Json) -> Json:
    """The parameters of create_preview that mean the same. Raises Invalid."""
    details = dict(given.get("subscription_details") or {})
    details |= {new: given[old] for old, new in FLAT.items() if old in given}
    rest = {name: given[name] for name in (*SAME, "schedule") if name in given}
    coupon = rest.pop("coupon", None)
    if coupon:
        rest["discounts"] = [{"coupon": coupon}]
    wished = rest | ({"subscription_details": details} if details else {})
    return parameters.check(_numbered(wished), "InvoiceCreatePreviewParams")


def _numbered(value: Any) -> Any:
    """Lists as they come by HTTP, which is how parameters are checked."""
    if isinstance(value, list):
        return {str(at): _numbered(one) for at, one in enumerate(value)}
    if isinstance(value, dict):
        return {name: _numbered(one) for name, one in value.items()}
    return value


def create(ctx: Context, params: Json) -> Json:
    """What the next invoice would be, if the subscription were changed like that. Changes nothing."""
    if not (params.get("customer") or params.get("subscription") or params.get("schedule")):
        raise Invalid(
            "You must supply one of `customer`, `subscription`, or `schedule`.", param="customer"
        )
    for name in NOT_PLAYED:
        if params.get(name):
            raise Invalid(f"The sandbox's Stripe does not play {name}.", param=name)
    if params.get("preview_mode") == "recurring":
        raise Invalid("The sandbox's Stripe previews the next invoice only.", param="preview_mode")
    with transaction.atomic():
        found = _preview(ctx, params)
        transaction.set_rollback(True)
    return found


def _preview(ctx: Context, params: Json) -> Json:
    details = params.get("subscription_details") or {}
    subscription = _subscription(ctx, params)
    customer_id = params.get("customer") or (subscription or {}).get("customer")
    customer = ctx.get("customer", customer_id, param="customer")
    ctx = ctx.on_clock_of(customer)
    for one in params.get("invoice_items") or []:
        of = {"customer": customer["id"]} | (
            {"subscription": subscription["id"]} if subscription else {}
        )
        invoice_items.create(ctx, {k: v for k, v in one.items() if k != "invoiceitem"} | of)
    if subscription is None and details.get("items"):
        return _of_new(ctx, customer, params, details)
    if subscription is None:
        return _of_items(ctx, customer)
    subscription_status.require_living(subscription)
    if details.get("cancel_now"):
        return _of_cancel(ctx, customer, subscription, details)
    changes = {name: details[name] for name in OF_UPDATE if name in details}
    if (wished := subscription_terms.wished_discounts(params)) is not None:
        changes["discounts"] = wished
    after = subscription_changes.applied(ctx, subscription, changes)
    saved = subscription_changes.bill(ctx, subscription, after, changes, collects=False)
    if saved["latest_invoice"] != subscription["latest_invoice"]:
        found = _as_preview(ctx.get("invoice", saved["latest_invoice"]))
    else:
        found = renewals.upcoming(ctx, saved)
    moment = details.get("proration_date") or ctx.now
    if changes.get("items"):
        found["parent"]["subscription_details"]["subscription_proration_date"] = moment
    return found


def _subscription(ctx: Context, params: Json) -> Json | None:
    """The one that is named, or the schedule's, or the customer's that renews next."""
    if params.get("schedule"):
        schedule = ctx.get("subscription_schedule", params["schedule"], param="schedule")
        return (
            ctx.get("subscription", schedule["subscription"]) if schedule["subscription"] else None
        )
    if params.get("subscription"):
        return ctx.get("subscription", params["subscription"], param="subscription")
    if (params.get("subscription_details") or {}).get("items"):
        return None
    living = [
        one
        for one in ctx.find("subscription", customer=params["customer"])
        if one["status"] not in subscription_status.ENDED and not one["cancel_at_period_end"]
    ]
    return min(living, key=lambda one: subscription_status.period(one)[1], default=None)


def _of_new(ctx: Context, customer: Json, params: Json, details: Json) -> Json:
    names = (
        "billing_cycle_anchor",
        "default_tax_rates",
        "items",
        "proration_behavior",
        "trial_end",
    )
    wished = {name: details[name] for name in names if name in details}
    if wished.get("billing_cycle_anchor") in {"now", "unchanged"}:
        del wished["billing_cycle_anchor"]
    given = {"customer": customer["id"], "payment_behavior": "default_incomplete"} | wished
    if (discounts := subscription_terms.wished_discounts(params)) is not None:
        given["discounts"] = discounts
    made = subscriptions.create(ctx, given)
    if made["latest_invoice"] is None:
        return renewals.upcoming(ctx, made)
    return _as_preview(ctx.get("invoice", made["latest_invoice"]))


def _of_cancel(ctx: Context, customer: Json, subscription: Json, details: Json) -> Json:
    if details.get("proration_behavior") != "none":
        given_back = proration.changes(
            subscription_items.held(ctx, subscription),
            [],
            period=subscription_status.cycle(subscription),
            moment=details.get("proration_date") or ctx.now,
        )
        invoice_items.add_prorations(ctx, subscription, given_back)
    start, _ = subscription_status.period(subscription)
    lines = renewals.usage_lines(ctx, subscription, start, ctx.now)
    lines += invoice_items.pending_lines(ctx, subscription)
    return invoice_drafts.preview(
        ctx,
        customer=customer,
        subscription=subscription,
        lines=lines,
        period=(start, ctx.now),
        at=ctx.now,
    )


def _of_items(ctx: Context, customer: Json) -> Json:
    """Of a customer without a subscription: what waits for a next invoice."""
    waiting = invoice_items.pending(ctx, customer["id"], None, customer.get("currency") or "usd")
    if not waiting:
        raise Invalid(
            f"No upcoming invoices for customer: {customer['id']}",
            code="invoice_upcoming_none",
            status=404,
        )
    return _as_preview(
        invoice_drafts.draft(
            ctx,
            customer=customer,
            currency=waiting[0]["currency"],
            billing_reason="upcoming",
            lines=[invoice_items.line_of(ctx, one) for one in waiting],
        )
    )


def _as_preview(invoice: Json) -> Json:
    """A draft, or what became of it, as it would have been shown before it was made."""
    own = random_id("upcoming_in_")
    lines = [one | {"invoice": own} for one in invoice["lines"]["data"]]
    return invoice | {
        "id": own,
        "attempt_count": 0,
        "attempted": False,
        "billing_reason": "upcoming",
        "effective_at": None,
        "ending_balance": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "lines": invoice["lines"] | {"data": lines},
        "number": None,
        "status": "draft",
        "status_transitions": dict.fromkeys(invoice["status_transitions"]),
    }
