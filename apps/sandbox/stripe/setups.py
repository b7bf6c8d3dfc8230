"""Setup intents: a payment method is kept for payments to come (https://docs.stripe.com/api/setup_intents)."""

from apps.sandbox.stripe import intents, payment_methods
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import CardError, Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

SETUP = intents.SETUP


def blank(customer: str | None, usage: str = "off_session") -> Json:
    return {
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": usage,
    }


def make(ctx: Context, data: Json) -> Json:
    setup_id = random_id("seti_")
    secret = random_id(f"{setup_id}_secret_")
    made = ctx.create(SETUP, data | {"client_secret": secret}, object_id=setup_id)
    ctx.emit("setup_intent.created", made)
    return made


def create_for(ctx: Context, customer: Json, subscription: Json) -> Json:
    """The setup intent of a subscription that begins without a payment."""
    return make(ctx, blank(customer["id"]) | {"_subscription": subscription["id"]})


def confirm(
    ctx: Context, setup: Json, method_id: str | None, *, is_authenticated: bool = False
) -> tuple[Json, CardError | None]:
    ctx = ctx.on_clock_of(setup)
    if not method_id:
        raise Invalid(
            intents.NO_METHOD.format(kind="SetupIntent"), code="setup_intent_unexpected_state"
        )
    method = payment_methods.resolve(ctx, method_id)
    payment_methods.require_for(method, setup["customer"])
    card = payment_methods.card_of(method)
    if card.decline and not card.attaches:
        return _fail(ctx, setup, method, payment_methods.declined(card.decline))
    if card.authenticates and not is_authenticated:
        changes = {
            "last_setup_error": None,
            "next_action": intents.next_action(ctx, setup),
            "payment_method": method["id"],
            "status": "requires_action",
        }
        return ctx.change(setup, changes, "setup_intent.requires_action"), None
    if setup["customer"]:
        method = payment_methods.attach(ctx, method, ctx.get("customer", setup["customer"]))
    payment_methods.set_up(ctx, method)
    changes = {
        "last_setup_error": None,
        "next_action": None,
        "payment_method": method["id"],
        "status": "succeeded",
    }
    return ctx.change(setup, changes, "setup_intent.succeeded"), None


def authenticated(ctx: Context, setup: Json, *, success: bool) -> tuple[Json, CardError | None]:
    method = ctx.get(payment_methods.KIND, setup["payment_method"])
    if success:
        return confirm(ctx, setup, method["id"], is_authenticated=True)
    error = CardError(
        "The latest attempt to set up the payment method has failed because authentication failed.",
        code="setup_intent_authentication_failure",
    )
    return _fail(ctx, setup, method, error)


def _fail(ctx: Context, setup: Json, method: Json, error: CardError) -> tuple[Json, CardError]:
    told = {"type": error.type, "code": error.code, "message": error.message, **error.more}
    changes = {
        "last_setup_error": told | {"payment_method": method},
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    setup = ctx.save(setup | changes)
    ctx.emit("setup_intent.setup_failed", setup)
    error.more |= {"setup_intent": setup, "payment_method": method}
    return setup, error


def cancel(ctx: Context, setup: Json, reason: str | None) -> Json:
    if setup["status"] in {"canceled", "succeeded", "processing"}:
        raise intents.unexpected(setup, "cancel")
    changes = {"cancellation_reason": reason, "next_action": None, "status": "canceled"}
    return ctx.change(setup, changes, "setup_intent.canceled")
