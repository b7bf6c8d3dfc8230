"""Where things are in Stripe's objects: read here, in the present API versions and those before "basil".

In 2025-03-31.basil invoices and lines got a `parent`, prices of lines moved into `pricing`, periods from
subscriptions to their items, payments of invoices into a list, and coupons into the `source` of discounts
(2025-09-30.clover). Events keep the shape of the version that their endpoint had; what is fetched has ours.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Object = Mapping[str, Any]

ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")

# In a subscription's metadata, of a pause that its tenant asked for, in seconds: when that ends, and until
# when had been paid.
PAUSE_RESUMES_AT = "pause_resumes_at"
PAUSE_PAID_UNTIL = "pause_paid_until"


def ref(value: Any) -> str:
    """The id of what is referred to, expanded or not; "" for nothing."""
    if isinstance(value, Mapping):
        return str(value.get("id") or "")
    return str(value or "")


def at(seconds: Any) -> datetime | None:
    """A moment, from what the API gives."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def address_of(customer: Object) -> dict[str, str]:
    """What is said of it."""
    found = _within(customer, "address")
    return {name: str(found[name]) for name in ADDRESS if found.get(name)}


def customer_id(found: Object, previous: Object | None = None) -> str:
    """Whose it is. previous: what an event says was before; a detached payment method is nobody's now."""
    if found.get("object") == "customer":
        return ref(found)
    return ref(found.get("customer")) or ref((previous or {}).get("customer"))


def invoice_subscription_id(invoice: Object) -> str:
    return ref(invoice.get("subscription")) or ref(
        _within(invoice, "parent", "subscription_details").get("subscription")
    )


def invoice_payment_intent_id(invoice: Object) -> str:
    """Of the payment that counts. In the present versions the invoice has to be fetched with its payments."""
    if found := ref(invoice.get("payment_intent")):
        return found
    payments = _within(invoice, "payments").get("data") or []
    ordered = sorted(payments, key=lambda one: not one.get("is_default"))
    return next(filter(None, (_payment_intent_id(one) for one in ordered)), "")


def _payment_intent_id(invoice_payment: Object) -> str:
    return ref(_within(invoice_payment, "payment").get("payment_intent"))


def invoice_is_paid(invoice: Object) -> bool:
    return invoice.get("status") == "paid"


def invoice_refundable_minor(invoice: Object) -> int:
    """What was paid and not given back by credit notes. Refunds of the charge itself are not in it."""
    if not invoice_is_paid(invoice):
        return 0
    given_back = invoice.get("post_payment_credit_notes_amount") or 0
    return max((invoice.get("amount_paid") or 0) - given_back, 0)


def invoice_tax_cents(invoice: Object) -> int:
    """In the smallest unit of the invoice's currency, whether it is on top or contained."""
    if isinstance(invoice.get("tax"), int):
        return int(invoice["tax"])
    taxes = invoice.get("total_taxes") or invoice.get("total_tax_amounts") or []
    return sum(one["amount"] for one in taxes)


def line_price_id(line: Object) -> str:
    return ref(line.get("price")) or ref(_within(line, "pricing", "price_details").get("price"))


def line_subscription_item_id(line: Object) -> str:
    return ref(line.get("subscription_item")) or ref(_line_parent(line).get("subscription_item"))


def line_is_proration(line: Object) -> bool:
    if isinstance(line.get("proration"), bool):
        return bool(line["proration"])
    return bool(_line_parent(line).get("proration"))


def _line_parent(line: Object) -> Object:
    parent = _within(line, "parent")
    return _within(parent, "subscription_item_details") or _within(parent, "invoice_item_details")


def subscription_period(subscription: Object) -> tuple[datetime | None, datetime | None]:
    """Begin and end of what is paid for now; of several items the first of each."""
    if isinstance(subscription.get("current_period_end"), int):
        return at(subscription.get("current_period_start")), at(subscription["current_period_end"])
    items = _within(subscription, "items").get("data") or []
    starts = [item["current_period_start"] for item in items if item.get("current_period_start")]
    ends = [item["current_period_end"] for item in items if item.get("current_period_end")]
    return at(min(starts, default=None)), at(min(ends, default=None))


def subscription_pause_ends_at(subscription: Object) -> datetime | None:
    return at(_within(subscription, "pause_collection").get("resumes_at"))


def subscription_pause_paid_until(subscription: Object) -> datetime | None:
    """Of the tenant's own pause; None where it is none, or somebody else's."""
    metadata, ends_at = _within(subscription, "metadata"), subscription_pause_ends_at(subscription)
    told, paid = metadata.get(PAUSE_RESUMES_AT), str(metadata.get(PAUSE_PAID_UNTIL) or "")
    if ends_at is None or told != str(int(ends_at.timestamp())) or not paid.isdigit():
        return None
    return at(int(paid))


def subscription_discounts(subscription: Object) -> list[Object]:
    """Expanded ones, of which the coupon can be asked; ids are left out."""
    listed = subscription.get("discounts") or [subscription.get("discount")]
    return [one for one in listed if isinstance(one, Mapping)]


def discount_coupon_id(discount: Object) -> str:
    return ref(discount.get("coupon")) or ref(_within(discount, "source").get("coupon"))


def _within(found: Object, *names: str) -> Object:
    for name in names:
        inner = found.get(name)
        if not isinstance(inner, Mapping):
            return {}
        found = inner
    return found
