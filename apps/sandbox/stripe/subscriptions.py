"""Subscriptions begin: https://docs.stripe.com/api/subscriptions/create.

How they change is in `subscription_changes`, what time does to them in `renewals`.
"""

from apps.sandbox.stripe import (
    automatic_tax,
    collection,
    discounts,
    invoice_drafts,
    invoice_items,
    payment_sources,
    renewals,
    subscription_items,
    subscription_status,
    subscription_terms,
)
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import period


def create(ctx: Context, params: Json) -> Json:
    """Of an API call. Publishes customer.subscription.created, and the events of its first invoice.

    Raises Invalid, and CardError where payment_behavior is error_if_incomplete.
    """
    subscription_terms.refuse_not_played(params)
    customer = ctx.get("customer", params["customer"], param="customer")
    ctx = ctx.on_clock_of(customer)
    subscription = _blank(ctx, customer, params)
    given = params.get("items") or []
    currency = (params.get("currency") or "").lower() or None
    items: list[Json] = []
    for index, one in enumerate(given):
        price = subscription_items.price_of(ctx, one, f"items[{index}]", currency)
        currency = currency or price["currency"]
        made = subscription_items.new(
            ctx, one, subscription=subscription["id"], customer=customer["id"], price=price
        )
        items.append(made)
    subscription_items.check_together(items)
    subscription_terms.check_currency(customer, currency)
    subscription |= {
        "currency": currency,
        "items": _list(subscription["id"], items),
        "discounts": _discounts(ctx, params, subscription["id"], customer["id"], currency),
    }
    subscription |= subscription_terms.cycle(ctx, subscription, params)
    subscription |= subscription_terms.cancellation(ctx, subscription, params)
    made = ctx.create("subscription", subscription)
    if customer.get("currency") is None:
        customer = ctx.change(customer, {"currency": currency}, "customer.updated")
    return _begin(ctx, made, customer, params)


def _blank(ctx: Context, customer: Json, params: Json) -> Json:
    settings = params.get("payment_settings") or {}
    method = payment_sources.check_method(ctx, customer, params.get("default_payment_method"))
    collection_method = params.get("collection_method") or "charge_automatically"
    days = params.get("days_until_due")
    if collection_method == "send_invoice" and days is None:
        raise Invalid(
            "If collection_method is send_invoice, days_until_due is needed.",
            param="days_until_due",
        )
    mode = (params.get("billing_mode") or {}).get("type") or "flexible"
    return {
        "id": random_id("sub_"),
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": automatic_tax.of_subscription(params, customer),
        "billing_cycle_anchor": ctx.now,
        "billing_cycle_anchor_config": params.get("billing_cycle_anchor_config"),
        "billing_mode": {
            "flexible": {"proration_discounts": "included"} if mode == "flexible" else None,
            "type": mode,
            "updated_at": None,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": collection_method,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": days,
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": subscription_items.rates(ctx, params.get("default_tax_rates")),
        "description": params.get("description"),
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "latest_invoice": None,
        "managed_payments": None,
        "metadata": merged_metadata({}, params.get("metadata") or {}),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": settings.get("payment_method_options"),
            "payment_method_types": settings.get("payment_method_types"),
            "save_default_payment_method": settings.get("save_default_payment_method") or "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": ctx.now,
        "status": "incomplete",
        "test_clock": ctx.clock or None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": params.get("trial_settings")
        or subscription_terms.default_trial_settings(),
        "trial_start": None,
        "_pending": None,
        "_resumes_with": None,
        "_told": False,
        "_trial_end_told": None,
        "_upcoming_for": None,
    }


def _list(subscription: str, items: list[Json]) -> Json:
    return {
        "object": "list",
        "data": items,
        "has_more": False,
        "total_count": len(items),
        "url": f"/v1/subscription_items?subscription={subscription}",
    }


def _discounts(
    ctx: Context, params: Json, subscription: str, customer: str, currency: str | None
) -> list[str]:
    of = {"subscription": subscription, "customer": customer}
    return discounts.replaced(
        ctx, [], subscription_terms.wished_discounts(params), currency=currency, **of
    )


def _begin(ctx: Context, subscription: Json, customer: Json, params: Json) -> Json:
    behavior = params.get("payment_behavior") or "allow_incomplete"
    lines = _first_lines(ctx, subscription, params)
    _add_items(ctx, subscription, params)
    lines += invoice_items.pending_lines(ctx, subscription)
    is_sent = subscription["collection_method"] == "send_invoice"
    if not lines:  # nothing is due before the anchor
        return _tell(ctx, subscription, {"status": "active"})
    invoice = invoice_drafts.draft(
        ctx,
        customer=customer,
        currency=subscription["currency"],
        billing_reason="subscription_create",
        lines=lines,
        subscription=subscription,
        auto_advance=is_sent,
    )
    changes: Json = {
        "discounts": discounts.after_invoice(ctx, subscription["discounts"], invoice),
        "latest_invoice": invoice["id"],
    }
    if subscription["status"] == "incomplete" and (is_sent or invoice["amount_due"] == 0):
        changes["status"] = "active"
    subscription = subscription_status.change(ctx, subscription, changes)
    if is_sent and invoice["amount_due"]:
        return _tell(ctx, subscription, {})
    waits = behavior == "default_incomplete"
    if not invoice["amount_due"]:
        collection.finalize(ctx, invoice)
        setup = payment_sources.setup_for(ctx, subscription, customer)
        return _tell(ctx, subscription, {"pending_setup_intent": setup})
    if waits:
        subscription = _tell(ctx, subscription, {})
        collection.finalize(ctx, invoice, auto_advance=True)
    else:
        payment_sources.require_method(ctx, customer, subscription)
        collection.collect_first(
            ctx,
            invoice,
            off_session=bool(params.get("off_session")),
            fails=behavior == "error_if_incomplete",
        )
        subscription = _tell(ctx, ctx.get("subscription", subscription["id"]), {})
    return ctx.get("subscription", subscription["id"])


def _tell(ctx: Context, subscription: Json, changes: Json) -> Json:
    after = subscription_status.change(ctx, subscription, changes | {"_told": True})
    ctx.emit("customer.subscription.created", after)
    return after


def _first_lines(ctx: Context, subscription: Json, params: Json) -> list[Json]:
    whole = period(subscription)
    items = subscription["items"]["data"]
    if subscription["status"] == "trialing":
        return [
            subscription_items.trial_line(ctx, subscription, one, period=whole) for one in items
        ]
    is_short = subscription_status.cycle(subscription)[0] < ctx.now
    if is_short and params.get("proration_behavior") == "none":
        return []
    return renewals.licensed_lines(ctx, subscription)


def _add_items(ctx: Context, subscription: Json, params: Json) -> None:
    """add_invoice_items: once, with the first invoice."""
    for index, one in enumerate(params.get("add_invoice_items") or []):
        given = {"customer": subscription["customer"], "subscription": subscription["id"]}
        named = {"pricing": {"price": one["price"]}} if one.get("price") else {}
        rest = {name: one[name] for name in ("price_data", "quantity", "tax_rates") if name in one}
        added = invoice_items.create(ctx, given | named | rest)
        if added["currency"] != subscription["currency"]:
            raise Invalid(
                "The currency of this item is not the subscription's.",
                param=f"add_invoice_items[{index}]",
            )
