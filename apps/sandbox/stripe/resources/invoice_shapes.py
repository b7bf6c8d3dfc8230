"""Invoices and their lines as they were before 2025-03-31.

https://docs.stripe.com/changelog/basil: `parent`, `pricing`, `payments` and `total_taxes` came then.
"""

from apps.sandbox.stripe import collection
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json, renders
from apps.sandbox.stripe.subscription_items import plan_of

BASIL = "2025-03-31"
NEW_OF_INVOICE = (
    "amount_overpaid",
    "amount_paid_off_stripe",
    "customer_account",
    "parent",
    "total_taxes",
)
NEW_OF_LINE = ("parent", "pricing", "quantity_decimal", "subtotal", "taxes")


@renders("invoice", before=BASIL)
def invoice_before_basil(ctx: Context, found: Json) -> Json:
    details = (found["parent"] or {}).get("subscription_details") or {}
    intent = collection.intent_of(ctx, found["id"])
    shown = {name: value for name, value in found.items() if name not in NEW_OF_INVOICE}
    old = {
        "application_fee_amount": None,
        "charge": intent and intent["latest_charge"],
        "discount": None,
        "paid": found["status"] == "paid",
        "paid_out_of_band": bool(found["amount_paid_off_stripe"]),
        "payment_intent": intent and intent["id"],
        "quote": None,
        "subscription": details.get("subscription"),
        "subscription_details": {"metadata": details.get("metadata")},
        "tax": sum(one["amount"] for one in found["total_taxes"]) if found["total_taxes"] else None,
        "total_tax_amounts": [_tax_amount(one) for one in found["total_taxes"]],
        "transfer_data": None,
    }
    moment = details.get("subscription_proration_date")
    return shown | old | ({"subscription_proration_date": moment} if moment else {})


@renders("line_item", before=BASIL)
def line_before_basil(ctx: Context, found: Json) -> Json:
    if found["parent"] is None or "subscription_item_details" not in found["parent"]:
        return found  # of a checkout session
    parent = found["parent"]
    details = parent[parent["type"]]
    of_subscription = parent["subscription_item_details"] and not details["invoice_item"]
    priced = (found["pricing"] or {}).get("price_details")
    price = dict(ctx.rows("price").get(object_id=priced["price"]).data) if priced else None
    inclusive = sum(t["amount"] for t in found["taxes"] if t["tax_behavior"] == "inclusive")
    without_tax = found["amount"] - inclusive
    shown = {name: value for name, value in found.items() if name not in NEW_OF_LINE}
    old = {
        "amount_excluding_tax": without_tax,
        "plan": plan_of(price) if price and price["recurring"] else None,
        "price": price,
        "proration": details["proration"],
        "proration_details": details["proration_details"],
        "subscription": details["subscription"],
        "tax_amounts": [_tax_amount(one) for one in found["taxes"]],
        "tax_rates": [
            ctx.get("tax_rate", one["tax_rate_details"]["tax_rate"]) for one in found["taxes"]
        ],
        "type": "subscription" if of_subscription else "invoiceitem",
        "unit_amount_excluding_tax": str(without_tax // (found["quantity"] or 1)),
    }
    if details["invoice_item"]:
        old["invoice_item"] = details["invoice_item"]
    if details.get("subscription_item"):
        old["subscription_item"] = details["subscription_item"]
    return shown | old


def _tax_amount(tax: Json) -> Json:
    return {
        "amount": tax["amount"],
        "inclusive": tax["tax_behavior"] == "inclusive",
        "tax_rate": tax["tax_rate_details"]["tax_rate"],
        "taxability_reason": None,
        "taxable_amount": tax["taxable_amount"],
    }
