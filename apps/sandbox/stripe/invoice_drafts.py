"""Invoices before they are final: what is in them, and what it adds up to."""

from dataclasses import replace
from typing import Any

from apps.sandbox.stripe import automatic_tax, discounts, invoice_items
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.invoice_lines import Rules, settle, totals
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

HOUR_S = 3600


def draft(
    ctx: Context,
    *,
    customer: Json,
    currency: str,
    billing_reason: str,
    lines: list[Json],
    period: tuple[int, int] | None = None,
    subscription: Json | None = None,
    **given: Any,
) -> Json:
    """A draft with these lines. given: further attributes. Publishes invoice.created."""
    data = _content(
        ctx,
        customer,
        billing_reason,
        lines=lines,
        period=period or (ctx.now, ctx.now),
        subscription=subscription,
    )
    data |= {"currency": currency} | given
    invoice = ctx.create("invoice", computed(ctx, data, customer))
    for one in invoice["lines"]["data"]:
        one["invoice"] = invoice["id"]
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    ctx.save(invoice, due_at=invoice["automatically_finalizes_at"])
    invoice_items.attach(ctx, invoice)
    ctx.emit("invoice.created", invoice)
    return invoice


def _content(
    ctx: Context,
    customer: Json,
    billing_reason: str,
    *,
    lines: list[Json],
    period: tuple[int, int],
    subscription: Json | None,
) -> Json:
    of = subscription or {}
    parent = subscription and {
        "quote_details": None,
        "subscription_details": {
            "metadata": subscription["metadata"],
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }
    return _blank(ctx, customer) | {
        "automatic_tax": automatic_tax.of_invoice(automatic_tax.is_on(of), customer),
        "billing_reason": billing_reason,
        "collection_method": of.get("collection_method", "charge_automatically"),
        "currency": of.get("currency") or customer.get("currency"),
        "default_payment_method": None,
        "default_tax_rates": of.get("default_tax_rates", []),
        "discounts": of.get("discounts") or discounts.of_customer(customer),
        "lines": lines,
        "parent": parent,
        "payment_settings": _payment_settings(of),
        "period_end": period[1],
        "period_start": period[0],
        "_days_until_due": of.get("days_until_due"),
    }


def _payment_settings(subscription: Json) -> Json:
    settings = subscription.get("payment_settings") or {}
    return {
        "default_mandate": None,
        "payment_method_options": settings.get("payment_method_options"),
        "payment_method_types": settings.get("payment_method_types"),
    }


def _blank(ctx: Context, customer: Json) -> Json:
    names = ("address", "email", "name", "phone", "shipping", "tax_exempt")
    tax_ids = ctx.find("tax_id", customer=customer["id"])
    return {
        "account_country": "US",
        "account_name": ctx.account.name,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": automatic_tax.of_invoice(False, customer),
        "automatically_finalizes_at": None,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        **{f"customer_{name}": customer.get(name) for name in names},
        "customer_tax_ids": [{"type": one["type"], "value": one["value"]} for one in tax_ids],
        "default_source": None,
        "description": None,
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": (customer.get("invoice_settings") or {}).get("footer"),
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": dict.fromkeys(
            ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        ),
        "test_clock": ctx.clock or None,
        "threshold_reason": None,
        "webhooks_delivered_at": ctx.now,
    }


def computed(ctx: Context, data: Json, customer: Json) -> Json:
    """The data of a draft with its lines settled, its sums, and when it is finalized."""
    given = data["lines"]
    lines = given["data"] if isinstance(given, dict) else given
    own = [one for each in lines for one in each["discounts"]]
    rates = {rate for each in lines for rate in each["_tax_rates"]}
    defaults = [one["id"] for one in data["default_tax_rates"]]
    if automatic_tax.is_on(data):
        defaults = automatic_tax.rates_of(ctx, customer)
    settle(
        lines,
        Rules(
            discounts=data["discounts"],
            tax_rates=defaults,
            coupons=discounts.coupons(ctx, [*data["discounts"], *own]),
            rates={one: ctx.get("tax_rate", one) for one in {*rates, *defaults}},
        ),
    )
    sums = totals(lines)
    balance = customer.get("balance") or 0
    due = max(sums["total"] + balance, 0) if sums["total"] > 0 else 0
    is_automatic = data["auto_advance"]
    at = data["automatically_finalizes_at"] or ctx.now + HOUR_S
    return (
        data
        | sums
        | {
            "amount_due": due,
            "amount_remaining": due,
            "automatically_finalizes_at": at if is_automatic else None,
            "lines": {
                "object": "list",
                "data": lines,
                "has_more": False,
                "total_count": len(lines),
                "url": f"/v1/invoices/{data.get('id', 'upcoming')}/lines",
            },
            "next_payment_attempt": at
            if is_automatic and data["collection_method"] == "charge_automatically"
            else None,
            "starting_balance": balance,
        }
    )


def recompute(ctx: Context, invoice: Json, changes: Json | None = None) -> Json:
    """A draft after its lines or what holds for them changed. Publishes invoice.updated."""
    customer = ctx.get("customer", invoice["customer"])
    after = computed(ctx, invoice | (changes or {}), customer)
    return ctx.change(invoice, after, "invoice.updated", due_at=after["automatically_finalizes_at"])


def preview(
    ctx: Context,
    *,
    customer: Json,
    subscription: Json,
    lines: list[Json],
    period: tuple[int, int],
    at: int,
) -> Json:
    """An invoice to come, which has no row: what its draft would be, made then."""
    later = replace(ctx, now=at)
    data = _content(
        later, customer, "upcoming", lines=lines, period=period, subscription=subscription
    )
    found = computed(later, data, customer)
    head = {"id": random_id("upcoming_in_"), "object": "invoice", "created": at, "livemode": False}
    for one in found["lines"]["data"]:
        one["invoice"] = head["id"]
    return head | found | {"next_payment_attempt": at + HOUR_S}
