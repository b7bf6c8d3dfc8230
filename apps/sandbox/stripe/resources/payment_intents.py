from apps.sandbox.stripe import charges, intents, listing, payment_methods, payments
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.payments import INTENT
from apps.sandbox.stripe.registry import Json, kind, renders, route

kind(INTENT, prefix="pi_")

PLAIN = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
MINIMUM, MAXIMUM = 50, 99_999_999


@route("POST", "/v1/payment_intents", "PaymentIntentCreateParams")
def create(ctx: Context, params: Json) -> Json:
    customer = params.get("customer")
    if customer:
        ctx = ctx.on_clock_of(ctx.get("customer", customer, param="customer"))
    amount = _amount(params["amount"])
    blank = payments.intent_blank(amount, params["currency"].lower(), customer)
    values: Json = {name: params[name] for name in PLAIN if name in params}
    values |= {
        "metadata": merged_metadata({}, params.get("metadata") or {}),
        "capture_method": params.get("capture_method") or blank["capture_method"],
        "confirmation_method": params.get("confirmation_method") or "automatic",
        "payment_method_types": params.get("payment_method_types") or ["card"],
    }
    if params.get("automatic_payment_methods"):
        wished = params["automatic_payment_methods"]
        values["automatic_payment_methods"] = {"allow_redirects": "always"} | wished
    values |= _method(ctx, params, customer)
    intent = payments.make(ctx, blank | values)
    return _confirm(ctx, intent, params) if params.get("confirm") else intent


@route("GET", "/v1/payment_intents/{intent}", "PaymentIntentRetrieveParams")
def retrieve(ctx: Context, params: Json, intent: str) -> Json:
    return ctx.get(INTENT, intent)


@route("POST", "/v1/payment_intents/{intent}", "PaymentIntentUpdateParams")
def update(ctx: Context, params: Json, intent: str) -> Json:
    found = ctx.get(INTENT, intent)
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if {"amount", "currency", "customer", "payment_method"} & params.keys():
        if found["status"] not in intents.CONFIRMABLE:
            raise intents.unexpected(found, "update")
        if params.get("amount") is not None:
            changes["amount"] = _amount(params["amount"])
        if params.get("currency"):
            changes["currency"] = params["currency"].lower()
        if params.get("customer"):
            changes["customer"] = ctx.get("customer", params["customer"], param="customer")["id"]
        changes |= _method(ctx, params, changes.get("customer") or found["customer"])
    return ctx.change(found, changes)


@route("POST", "/v1/payment_intents/{intent}/confirm", "PaymentIntentConfirmParams")
def confirm(ctx: Context, params: Json, intent: str) -> Json:
    found = ctx.get(INTENT, intent)
    if found["status"] not in intents.CONFIRMABLE:
        raise intents.unexpected(found, "confirm")
    changes: Json = {name: params[name] for name in PLAIN if params.get(name)}
    changes |= _method(ctx, params, found["customer"])
    return _confirm(ctx, ctx.change(found, changes), params)


@route("POST", "/v1/payment_intents/{intent}/capture", "PaymentIntentCaptureParams")
def capture(ctx: Context, params: Json, intent: str) -> Json:
    found = ctx.get(INTENT, intent)
    if found["status"] != "requires_capture":
        raise intents.unexpected(found, "capture")
    amount = params.get("amount_to_capture") or found["amount_capturable"]
    if not 0 < amount <= found["amount_capturable"]:
        raise Invalid(
            "The amount to capture is more than what can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    ctx = ctx.on_clock_of(found)
    charges.capture(ctx, found["latest_charge"], amount)
    changes = {"amount_capturable": 0, "amount_received": amount, "status": "succeeded"}
    after = ctx.save(found | changes)
    ctx.emit("payment_intent.succeeded", after)
    return after


@route("POST", "/v1/payment_intents/{intent}/cancel", "PaymentIntentCancelParams")
def cancel(ctx: Context, params: Json, intent: str) -> Json:
    return payments.cancel(ctx, intent, params.get("cancellation_reason"))


@route("GET", "/v1/payment_intents", "PaymentIntentListParams")
def index(ctx: Context, params: Json) -> Json:
    return listing.page(ctx, INTENT, params, having={"customer": params.get("customer")})


@route("GET", "/v1/payment_intents/search", "PaymentIntentSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, INTENT, params)


@renders(INTENT, before="2025-03-31")
def previous(ctx: Context, intent: Json) -> Json:
    """The invoice that it pays was one of its attributes."""
    row = ctx.rows(INTENT).filter(object_id=intent["id"]).first()
    return intent | {"invoice": row.data.get("_invoice") if row else None}


def _amount(amount: int) -> int:
    if amount < MINIMUM:
        raise Invalid(
            f"Amount must be at least {MINIMUM} of the smallest units.",
            code="amount_too_small",
            param="amount",
        )
    if amount > MAXIMUM:
        raise Invalid(
            f"Amount must be no more than {MAXIMUM}.", code="amount_too_large", param="amount"
        )
    return amount


def _method(ctx: Context, params: Json, customer: str | None) -> Json:
    if params.get("payment_method_data") or params.get("confirmation_token"):
        raise Invalid(
            "The sandbox's Stripe takes a payment_method, made before.", param="payment_method"
        )
    if not params.get("payment_method"):
        return {}
    method = payment_methods.resolve(ctx, params["payment_method"])
    payment_methods.require_for(method, customer)
    return {"payment_method": method["id"], "status": "requires_confirmation"}


def _confirm(ctx: Context, intent: Json, params: Json) -> Json:
    """Raises CardError with what the bank's refusal left."""
    if not intent["payment_method"]:
        raise Invalid(
            intents.NO_METHOD.format(kind="PaymentIntent"), code="payment_intent_unexpected_state"
        )
    if params.get("return_url"):
        intent = ctx.save(intent | {"_return_url": params["return_url"]})
    off_session = bool(params.get("off_session"))
    intent, error = payments.confirm(ctx, intent, intent["payment_method"], off_session=off_session)
    waits = intent["status"] == "requires_action"
    if waits and (off_session or params.get("error_on_requires_action")):
        intent, error = payments.refuse_off_session(ctx, intent)
    if error is not None:
        raise error
    return intent
