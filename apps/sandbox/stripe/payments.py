"""Payment intents, from the payment method to the charge (https://docs.stripe.com/payments)."""

from apps.sandbox.stripe import charges, disputes, intents, payment_methods, setups
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import CardError
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

INTENT = intents.INTENT
# What subscriptions begin with when there is nothing to pay yet.
setup_create = setups.create_for
hosted = intents.hosted
# What a checkout session's payment_intent_data may say of its intent.
DATA = (
    "capture_method",
    "description",
    "metadata",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
)


def intent_blank(amount: int, currency: str, customer: str | None) -> Json:
    return {
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"installments": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def make(ctx: Context, data: Json) -> Json:
    intent_id = random_id("pi_")
    secret = random_id(f"{intent_id}_secret_")
    made = ctx.create(INTENT, data | {"client_secret": secret}, object_id=intent_id)
    ctx.emit("payment_intent.created", made)
    return made


def intent_create(ctx: Context, invoice: Json) -> Json:
    """The intent that pays a finalized invoice."""
    blank = intent_blank(invoice["amount_due"], invoice["currency"], invoice["customer"])
    return make(ctx, blank | {"description": "Subscription creation", "_invoice": invoice["id"]})


def confirm(
    ctx: Context, intent: Json, method_id: str | None, *, off_session: bool
) -> tuple[Json, CardError | None]:
    """Charge the intent; the intent afterwards, and the bank's refusal where there was one.

    An intent whose customer must authenticate waits in `requires_action`.
    """
    ctx = ctx.on_clock_of(intent)
    if not method_id:
        error = CardError(
            intents.NO_METHOD.format(kind="PaymentIntent"), code="payment_intent_unexpected_state"
        )
        return intent, error
    method = payment_methods.resolve(ctx, method_id)
    payment_methods.require_for(method, intent["customer"])
    if payment_methods.needs_authentication(method, off_session=off_session):
        return _ask(ctx, intent, method), None
    return charge(ctx, intent, method)


def charge(ctx: Context, intent: Json, method: Json) -> tuple[Json, CardError | None]:
    """Ask the bank, when whoever had to authenticate has."""
    card = payment_methods.card_of(method)
    if card.decline:
        return _decline(ctx, intent, method, card.decline)
    is_manual = intent["capture_method"] == "manual"
    made = charges.make(ctx, intent, method, captured=not is_manual)
    changes: Json = {
        "last_payment_error": None,
        "latest_charge": made["id"],
        "next_action": None,
        "payment_method": method["id"],
    }
    if is_manual:
        changes |= {"amount_capturable": intent["amount"], "status": "requires_capture"}
    else:
        changes |= {"amount_received": intent["amount"], "status": "succeeded"}
    intent = ctx.save(intent | changes)
    ctx.emit("charge.succeeded", made)
    _keep(ctx, intent, method)
    if is_manual:
        ctx.emit("payment_intent.amount_capturable_updated", intent)
    else:
        ctx.emit("payment_intent.succeeded", intent)
        if card.dispute:
            disputes.open_(ctx, ctx.get(charges.KIND, made["id"]), card.dispute)
    return intent, None


def _keep(ctx: Context, intent: Json, method: Json) -> None:
    """For later payments, where that was wished; one without a customer is spent."""
    if intent["setup_future_usage"] and intent["customer"]:
        customer = ctx.get("customer", intent["customer"])
        method = payment_methods.attach(ctx, method, customer)
        if intent["setup_future_usage"] == "off_session":
            payment_methods.set_up(ctx, method)
    elif method["customer"] is None:
        ctx.save(method | {"_was_used": True})


def _ask(ctx: Context, intent: Json, method: Json) -> Json:
    changes = {
        "last_payment_error": None,
        "next_action": intents.next_action(ctx, intent),
        "payment_method": method["id"],
        "status": "requires_action",
    }
    return ctx.change(intent, changes, "payment_intent.requires_action")


def _decline(ctx: Context, intent: Json, method: Json, decline: str) -> tuple[Json, CardError]:
    failed = charges.fail(ctx, intent, method, decline)
    return _fail(ctx, intent, method, payment_methods.declined(decline, charge=failed["id"]))


def refuse_off_session(ctx: Context, intent: Json) -> tuple[Json, CardError]:
    """The customer is not there to authenticate."""
    method = ctx.get(payment_methods.KIND, intent["payment_method"])
    return _decline(ctx, intent | {"next_action": None}, method, "authentication_required")


def _fail(ctx: Context, intent: Json, method: Json, error: CardError) -> tuple[Json, CardError]:
    told = {"type": error.type, "code": error.code, "message": error.message, **error.more}
    told["doc_url"] = f"https://stripe.com/docs/error-codes/{error.code.replace('_', '-')}"
    changes = {
        "last_payment_error": told | {"payment_method": method},
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    if "charge" in error.more:
        changes["latest_charge"] = error.more["charge"]
    intent = ctx.save(intent | changes)
    ctx.emit("payment_intent.payment_failed", intent)
    error.more |= {"payment_intent": intent, "payment_method": method}
    return intent, error


def authenticated(ctx: Context, intent: Json, *, success: bool) -> tuple[Json, CardError | None]:
    """What the customer did on the page of 3-D Secure."""
    ctx = ctx.on_clock_of(intent)
    method = ctx.get(payment_methods.KIND, intent["payment_method"])
    if success:
        return charge(ctx, intent, method)
    error = CardError(
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
        "PaymentMethod to attempt to fulfill this PaymentIntent again.",
        code="payment_intent_authentication_failure",
    )
    return _fail(ctx, intent, method, error)


def cancel(ctx: Context, intent_id: str, reason: str | None = None) -> Json:
    """Raises Invalid for an intent that is over."""
    intent = ctx.get(INTENT, intent_id)
    ctx = ctx.on_clock_of(intent)
    if intent["status"] in {"canceled", "succeeded", "processing"}:
        raise intents.unexpected(intent, "cancel")
    if intent["status"] == "requires_capture":
        charges.release(ctx, intent["latest_charge"])
    changes = {
        "amount_capturable": 0,
        "canceled_at": ctx.now,
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    return ctx.change(intent, changes, "payment_intent.canceled")


def resize(ctx: Context, intent_id: str, amount: int) -> Json:
    return ctx.change(ctx.get(INTENT, intent_id), {"amount": amount})


def refund(ctx: Context, intent: Json, amount: int, reason: str | None) -> Json:
    charge_ = ctx.get("charge", intent["latest_charge"])
    return charges.refund(ctx, charge_, amount, reason=reason, metadata={})
