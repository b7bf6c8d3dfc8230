"""What payment intents and setup intents have in common."""

from typing import Any

from apps.common.urls import public_url
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

BASE = "/sandbox/stripe"
INTENT, SETUP = "payment_intent", "setup_intent"
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
NO_METHOD = (
    "You cannot confirm this {kind} because it's missing a payment method. You can either update the {kind} "
    "with a payment method and then confirm it again, or confirm it again directly with a payment method."
)


def hosted(ctx: Context, path: str) -> str:
    """The address of a page of the stand-in. path: from `/`."""
    return f"{ctx.base or public_url(BASE)}{path}"


def next_action(ctx: Context, intent: Json) -> Json:
    """The page on which the customer authenticates; Stripe's JavaScript would open it."""
    url = hosted(ctx, f"/authenticate/{intent['id']}/?client_secret={intent['client_secret']}")
    back = intent.get("_return_url")
    if back:
        return {"redirect_to_url": {"return_url": back, "url": url}, "type": "redirect_to_url"}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"stripe_js": url, "type": "three_d_secure_redirect"},
    }


def unexpected(intent: Json, verb: str) -> Invalid:
    """An error that carries the intent, as Stripe's does."""
    kind = "PaymentIntent" if intent["object"] == INTENT else "SetupIntent"
    carried: Any = {intent["object"]: intent}
    return Invalid(
        f"You cannot {verb} this {kind} because it has a status of {intent['status']}.",
        code=f"{intent['object']}_unexpected_state",
        **carried,
    )
