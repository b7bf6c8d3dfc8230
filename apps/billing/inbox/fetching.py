"""What an event's object is now: asked of Stripe, whatever the event says that it was."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from apps.billing import gateway
from apps.billing.inbox import mirror
from apps.billing.inbox.registry import handlers_of
from apps.billing.models import StripeEvent

# Where an object of a kind is. What is not named here is taken as the event has it.
PATHS = {
    "charge": "charges/{id}",
    "checkout.session": "checkout/sessions/{id}",
    "coupon": "coupons/{id}",
    "credit_note": "credit_notes/{id}",
    "customer": "customers/{id}",
    "dispute": "disputes/{id}",
    "invoice": "invoices/{id}",
    "invoiceitem": "invoiceitems/{id}",
    "payment_intent": "payment_intents/{id}",
    "payment_method": "payment_methods/{id}",
    "price": "prices/{id}",
    "product": "products/{id}",
    "promotion_code": "promotion_codes/{id}",
    "refund": "refunds/{id}",
    "setup_intent": "setup_intents/{id}",
    "subscription": "subscriptions/{id}",
    "subscription_schedule": "subscription_schedules/{id}",
    "tax_id": "customers/{customer}/tax_ids/{id}",
    "tax_rate": "tax_rates/{id}",
}
# What Stripe gives only when asked: payments for us, discounts for dj-stripe, which stores them.
EXPANDED = {
    "invoice": ("discounts", "lines.data.discounts", "payments"),
    "invoiceitem": ("discounts",),
}


@dataclass(frozen=True, slots=True)
class Current:
    """is_fetched: Stripe was asked. is_gone: it says that there is no such object, or a deleted one.

    answers: what it said, for where dj-stripe wants the same object as one that another refers to.
    """

    object: dict[str, Any] = field(repr=False)
    is_fetched: bool = False
    is_gone: bool = False
    answers: mirror.Answers = field(default_factory=dict, repr=False)


def current_of(event: StripeEvent) -> Current:
    """One request, or none where nobody wants to know. Raises StripeRefused, StripeUnavailable."""
    is_wanted = mirror.model_of(event.object_type) is not None or handlers_of(event.type)
    if not (event.object_type in PATHS and event.object_id and is_wanted):
        return Current(event.object)
    return current_object(event.object_type, event.object_id, event.customer_id)


def current_object(object_type: str, object_id: str, customer_id: str) -> Current:
    """object_type: of PATHS. One request. Raises StripeRefused, StripeUnavailable."""
    path = PATHS[object_type].format(id=quote(object_id), customer=quote(customer_id))
    expanded = EXPANDED.get(object_type, ())
    query = "&".join(f"expand[{number}]={name}" for number, name in enumerate(expanded))
    asked = f"/v1/{path}?{query}" if query else f"/v1/{path}"
    body, status = gateway.get(asked)
    answers = {asked: (body, status)}
    if status == 404:
        gone = {"id": object_id, "object": object_type, "deleted": True}
        return Current(gone, is_fetched=True, is_gone=True, answers=answers)
    found: dict[str, Any] = json.loads(body)
    return Current(found, is_fetched=True, is_gone=bool(found.get("deleted")), answers=answers)
