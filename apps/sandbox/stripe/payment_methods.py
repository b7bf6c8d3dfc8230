"""Cards that customers pay with: made, attached, detached."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from apps.sandbox.stripe import cards
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import CardError, Invalid
from apps.sandbox.stripe.registry import Json

KIND = "payment_method"
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def card_of(method: Json) -> cards.Card:
    return cards.BY_NUMBER[method["_number"]]


def make(ctx: Context, card: cards.Card, params: Json) -> Json:
    """params: of a payment method; exp_month, exp_year and cvc of its `card` are looked at."""
    given = params.get("card") or {}
    today = datetime.fromtimestamp(ctx.now, UTC)
    month, year = given.get("exp_month") or today.month, given.get("exp_year") or today.year + 1
    year += 2000 if year < 100 else 0
    if not 1 <= month <= 12:
        raise CardError(
            "Your card's expiration month is invalid.",
            code="invalid_expiry_month",
            param="card[exp_month]",
        )
    if (year, month) < (today.year, today.month) or year > today.year + 50:
        raise CardError(
            "Your card's expiration year is invalid.",
            code="invalid_expiry_year",
            param="card[exp_year]",
        )
    cvc = given.get("cvc")
    if cvc is not None and not (cvc.isdigit() and len(cvc) == (4 if card.brand == "amex" else 3)):
        raise CardError(
            "Your card's security code is invalid.", code="invalid_cvc", param="card[cvc]"
        )
    billing = params.get("billing_details") or {}
    return ctx.create(
        KIND,
        {
            "_number": card.number,
            "_is_set_up": False,
            "_was_used": False,
            "allow_redisplay": params.get("allow_redisplay") or "unspecified",
            "billing_details": {
                "address": dict.fromkeys(ADDRESS) | (billing.get("address") or {}),
                "email": billing.get("email"),
                "name": billing.get("name"),
                "phone": billing.get("phone"),
                "tax_id": billing.get("tax_id"),
            },
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "unchecked" if cvc is None else "pass",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": month,
                "exp_year": year,
                "fingerprint": hashlib.sha256(
                    f"{ctx.account.id} {card.number}".encode()
                ).hexdigest()[:16],
                "funding": card.funding,
                "generated_from": None,
                "last4": card.number[-4:],
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "customer": None,
            "customer_account": None,
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "type": "card",
        },
    )


def resolve(ctx: Context, method_id: str | None, param: str = "payment_method") -> Json:
    """The payment method; `pm_card_...` makes one of that test card. Raises Invalid."""
    card = cards.BY_TOKEN.get(method_id or "")
    if card is not None:
        return make(ctx, card, {})
    return ctx.get(KIND, method_id, param=param)


def require_for(method: Json, customer: str | None, param: str = "payment_method") -> None:
    """Raises Invalid where the method is another customer's, or cannot be used any more."""
    if method["customer"] is None and method["_was_used"]:
        raise Invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, or was detached from a Customer. "
            "It may not be used again. To use a PaymentMethod multiple times, you must attach it to a "
            "Customer first.",
            param=param,
        )
    if method["customer"] is not None and method["customer"] != customer:
        raise Invalid(
            f"The PaymentMethod {method['id']} does not belong to the Customer you supplied."
            if customer
            else "The provided PaymentMethod cannot be attached. To use it, supply its Customer.",
            param=param,
        )


def attach(ctx: Context, method: Json, customer: Json) -> Json:
    """Raises Invalid, and CardError where the bank declines."""
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] is not None:
        raise Invalid("The payment method you provided has already been attached to a customer.")
    require_for(method, customer["id"])
    card = card_of(method)
    if card.decline and not card.attaches:
        raise declined(card.decline)
    ctx = ctx.on_clock_of(customer)
    ctx.rows(KIND).filter(object_id=method["id"]).update(clock=ctx.clock)
    return ctx.change(method, {"customer": customer["id"]}, "payment_method.attached")


def detach(ctx: Context, method: Json) -> Json:
    """Nobody can use it again; whose default it was has none."""
    if method["customer"] is None:
        raise Invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    owner = method["customer"]
    after = ctx.save(method | {"customer": None, "_was_used": True})
    ctx.emit("payment_method.detached", after, {"customer": owner})
    for customer in ctx.find("customer", id=owner):
        settings = customer["invoice_settings"]
        if settings["default_payment_method"] == method["id"]:
            changed = {"invoice_settings": settings | {"default_payment_method": None}}
            ctx.change(customer, changed, "customer.updated")
    return after


def set_up(ctx: Context, method: Json) -> Json:
    """From now on payments pass without the customer, where the card allows that."""
    return ctx.save(method | {"_is_set_up": True})


def declined(decline: str, **more: Any) -> CardError:
    code = cards.code_of(decline)
    return CardError(
        cards.message_of(decline),
        code=code,
        decline_code=decline,
        **more,
    )


def needs_authentication(method: Json, *, off_session: bool) -> bool:
    wish = card_of(method).authenticates
    is_exempt = wish == "unless_set_up" and method["_is_set_up"]
    return bool(wish) and not is_exempt and not method.get("_is_authenticated")
