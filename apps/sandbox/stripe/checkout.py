"""Checkout sessions: what is bought, and what happens when somebody pays (docs.stripe.com/checkout)."""

from dataclasses import dataclass, field

from apps.sandbox.stripe import (
    automatic_tax,
    cards,
    collection,
    discounting,
    internal,
    payment_methods,
    payments,
    pricing,
    setups,
)
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

KIND = "checkout.session"
# Of subscription_data, what a subscription takes as it is.
SUBSCRIPTION = (
    "billing_cycle_anchor",
    "default_tax_rates",
    "description",
    "invoice_settings",
    "metadata",
    "proration_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings",
)


@dataclass
class Entered:
    """What somebody put into the page. number: empty where no card is needed."""

    email: str
    number: str = ""
    exp_month: int = 0
    exp_year: int = 0
    cvc: str = ""
    name: str = ""
    address: Json = field(default_factory=dict)
    tax_id: Json | None = None

    @property
    def billing(self) -> Json:
        return {"email": self.email, "name": self.name or None, "address": self.address}


def line(
    ctx: Context, price: Json, quantity: int | None, *, is_free: bool, taxes: list[str]
) -> Json:
    """is_free: nothing of it is due today, because of a trial or because its usage is billed later."""
    is_metered = bool(price["recurring"]) and price["recurring"]["usage_type"] == "metered"
    amount = 0 if is_metered or is_free else pricing.total(price, quantity or 1)
    product = ctx.rows("product").get(object_id=price["product"]).data
    return {
        "id": random_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": None if is_metered else quantity,
        "_tax_rates": taxes,
    }


def totals(ctx: Context, lines: list[Json], discounts: list[Json]) -> Json:
    """The lines with what coupons take off, and the session's amounts."""
    amounts = [one["amount_subtotal"] for one in lines]
    products = [one["price"]["product"] for one in lines]
    left = list(amounts)
    for given in discounts:
        coupon = _coupon(ctx, given)
        taken = discounting.taken_off(coupon, left, products)
        left = [amount - off for amount, off in zip(left, taken, strict=True)]
    shown = [
        one | {"amount_discount": one["amount_subtotal"] - rest, "amount_total": rest}
        for one, rest in zip(lines, left, strict=True)
    ]
    return {
        "_lines": shown,
        "amount_subtotal": sum(amounts),
        "amount_total": sum(left),
        "discounts": discounts,
        "total_details": {
            "amount_discount": sum(amounts) - sum(left),
            "amount_shipping": 0,
            "amount_tax": 0,
        },
    }


def _coupon(ctx: Context, given: Json) -> Json:
    if given.get("promotion_code"):
        code = ctx.get("promotion_code", given["promotion_code"], param="discounts")
        if not code["active"]:
            raise Invalid("This promotion code is not active.", param="discounts")
        return ctx.get("coupon", code["promotion"]["coupon"], param="discounts")
    coupon = ctx.get("coupon", given.get("coupon"), param="discounts")
    if not coupon["valid"]:
        raise Invalid(f"Coupon expired: {coupon['id']}", code="coupon_expired", param="discounts")
    return coupon


def promote(ctx: Context, session: Json, code: str) -> Json:
    """A code that was entered on the page. Raises Invalid."""
    found = ctx.find("promotion_code", code=code, active=True)
    allowed = [one for one in found if one["customer"] in {None, session["customer"]}]
    if not allowed:
        raise Invalid("This code is invalid.", code="promotion_code_invalid")
    discounts = [{"coupon": None, "promotion_code": allowed[0]["id"]}]
    return ctx.save(session | totals(ctx, session["_lines"], discounts))


def needs_card(session: Json) -> bool:
    if session["mode"] == "setup":
        return True
    return bool(session["amount_total"]) or session["payment_method_collection"] == "always"


def begin(ctx: Context, session: Json, entered: Entered) -> tuple[Json, Json | None]:
    """The session and its new payment method, None where none is needed; the card may ask for 3-D Secure.

    Raises CardError and Invalid.
    """
    require_open(ctx, session)
    kept: Json = {
        "_error": "",
        "_entered": vars(entered) | {"number": "", "cvc": ""},
        "_method": None,
    }
    if not needs_card(session):
        return ctx.save(session | kept), None
    card = cards.card_of(entered.number)
    given = {"exp_month": entered.exp_month, "exp_year": entered.exp_year, "cvc": entered.cvc}
    method = payment_methods.make(ctx, card, {"card": given, "billing_details": entered.billing})
    if session["mode"] != "payment" and card.decline and not card.attaches:
        raise payment_methods.declined(card.decline)
    return ctx.save(session | kept | {"_method": method["id"]}), method


def complete(ctx: Context, session: Json, *, is_authenticated: bool = False) -> Json:
    """Raises CardError, with what a bank's refusal left."""
    require_open(ctx, session)
    entered = Entered(**session["_entered"])
    method = ctx.get("payment_method", session["_method"]) if session["_method"] else None
    if method is not None and is_authenticated:
        method = ctx.save(method | {"_is_authenticated": True})
    customer = _customer(ctx, session, entered)
    made: Json = {"customer": customer and customer["id"], "status": "complete", "url": None}
    if session["mode"] == "payment":
        made |= _pay(ctx, session, customer, method)
    elif session["mode"] == "setup":
        made |= _set_up(ctx, session, customer, method)
    else:
        made |= _subscribe(ctx, session, customer, method)
    if method is not None and is_authenticated:
        kept = ctx.get("payment_method", method["id"])
        ctx.save(kept | {"_is_authenticated": False})
    made["customer_details"] = {
        "address": dict.fromkeys(payment_methods.ADDRESS) | entered.address,
        "email": entered.email,
        "name": entered.name or None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [entered.tax_id] if entered.tax_id else [],
    }
    after = ctx.save(session | made, due_at=None)
    ctx.emit("checkout.session.completed", after)
    return after


def require_open(ctx: Context, session: Json) -> None:
    if session["status"] != "open" or ctx.now >= session["expires_at"]:
        raise Invalid(f"This Checkout Session is {session['status']}.", code="session_not_open")


def expire(ctx: Context, session: Json) -> Json:
    return ctx.change(
        session, {"status": "expired", "url": None}, "checkout.session.expired", due_at=None
    )


def _customer(ctx: Context, session: Json, entered: Entered) -> Json | None:
    if session["customer"] or session["_made_customer"]:
        customer = ctx.get("customer", session["customer"] or session["_made_customer"])
        wishes = session["_customer_update"]
        changes: Json = {}
        if wishes.get("address") == "auto" and entered.address:
            changes["address"] = entered.address
        if wishes.get("name") == "auto" and entered.name:
            changes["name"] = entered.name
        if changes:
            path = f"/v1/customers/{customer['id']}"
            customer = internal.call(ctx, "POST", path, changes)
    elif session["mode"] == "subscription" or session["customer_creation"] == "always":
        given: Json = {"email": entered.email, "name": entered.name or None}
        if entered.address:
            given["address"] = entered.address
        customer = internal.call(ctx, "POST", "/v1/customers", given)
        session["_made_customer"] = customer["id"]
    else:
        return None
    if entered.tax_id:
        path = f"/v1/customers/{customer['id']}/tax_ids"
        internal.call(ctx, "POST", path, entered.tax_id)
    return customer


def _pay(ctx: Context, session: Json, customer: Json | None, method: Json | None) -> Json:
    if not session["amount_total"]:
        return {"payment_status": "no_payment_required"}
    if session["payment_intent"]:
        intent = ctx.get("payment_intent", session["payment_intent"])
    else:
        data = session["_intent_data"]
        owner = customer["id"] if customer else None
        blank = payments.intent_blank(session["amount_total"], session["currency"], owner)
        wished = {name: data[name] for name in payments.DATA if name in data}
        intent = payments.make(ctx, blank | wished)
        # Whoever is declined tries again with the same intent.
        ctx.save(session | {"payment_intent": intent["id"]})
    intent, error = payments.confirm(ctx, intent, _id(method), off_session=False)
    if error is not None:
        raise error
    if intent["status"] != "succeeded":
        return {"payment_intent": intent["id"], "payment_status": "unpaid"}
    made: Json = {"payment_intent": intent["id"], "payment_status": "paid"}
    if customer and (session["invoice_creation"] or {}).get("enabled"):
        made["invoice"] = _invoice(ctx, session, customer, intent)
    return made


def _invoice(ctx: Context, session: Json, customer: Json, intent: Json) -> str:
    """What was paid on the page, as an invoice that is paid already."""
    data = session["invoice_creation"]["invoice_data"]
    given: Json = {
        "customer": customer["id"],
        "currency": session["currency"],
        "auto_advance": False,
        "metadata": data["metadata"],
    }
    given |= {name: data[name] for name in ("description", "footer") if data[name]}
    invoice = internal.call(ctx, "POST", "/v1/invoices", given)
    for one in session["_lines"]:
        item: Json = {
            "customer": customer["id"],
            "invoice": invoice["id"],
            "pricing": {"price": one["price"]["id"]},
            "quantity": one["quantity"],
        }
        internal.call(ctx, "POST", "/v1/invoiceitems", item)
    collection.paid_by(ctx, ctx.get("invoice", invoice["id"]), intent)
    return str(invoice["id"])


def _id(method: Json | None) -> str | None:
    return str(method["id"]) if method else None


def _set_up(ctx: Context, session: Json, customer: Json | None, method: Json | None) -> Json:
    setup = ctx.get("setup_intent", session["setup_intent"])
    if customer and setup["customer"] is None:
        setup = ctx.save(setup | {"customer": customer["id"]})
    setup, error = setups.confirm(ctx, setup, _id(method), is_authenticated=True)
    if error is not None:
        raise error
    return {"payment_status": "no_payment_required"}


def _subscribe(ctx: Context, session: Json, customer: Json | None, method: Json | None) -> Json:
    assert customer is not None  # noqa: S101 - this mode makes one
    if method is not None:
        method = payment_methods.attach(ctx, method, customer)
        method = payment_methods.set_up(ctx, method)
    recurring = [one for one in session["_lines"] if one["price"]["recurring"]]
    once = [one for one in session["_lines"] if not one["price"]["recurring"]]
    given: Json = {
        "customer": customer["id"],
        "items": [_item(one) for one in recurring],
        "off_session": False,
        "payment_behavior": "error_if_incomplete",
    }
    data = session["_subscription_data"]
    given |= {name: data[name] for name in SUBSCRIPTION if name in data}
    if once:
        given["add_invoice_items"] = [_item(one) for one in once]
    if method is not None:
        given["default_payment_method"] = method["id"]
    if automatic_tax.is_on(session):
        given["automatic_tax"] = {"enabled": True}
    if session["discounts"]:
        given["discounts"] = [
            {name: value for name, value in one.items() if value} for one in session["discounts"]
        ]
    made = internal.call(ctx, "POST", "/v1/subscriptions", given)
    paid = "paid" if session["amount_total"] else "no_payment_required"
    invoice = made["latest_invoice"]
    done: Json = {"subscription": made["id"], "invoice": invoice, "payment_status": paid}
    return done | (_taxed(ctx, session, invoice) if automatic_tax.is_on(session) else {})


def _taxed(ctx: Context, session: Json, invoice_id: str) -> Json:
    """What it came to, now that it is known where the customer is."""
    invoice = ctx.get("invoice", invoice_id)
    tax = sum(one["amount"] for one in invoice["total_taxes"])
    return {
        "amount_total": invoice["total"],
        "automatic_tax": session["automatic_tax"] | {"status": invoice["automatic_tax"]["status"]},
        "total_details": session["total_details"] | {"amount_tax": tax},
    }


def _item(one: Json) -> Json:
    item: Json = {"price": one["price"]["id"]}
    if one["quantity"] is not None:
        item["quantity"] = one["quantity"]
    if one["_tax_rates"]:
        item["tax_rates"] = one["_tax_rates"]
    return item
