from apps.sandbox.stripe import intents, listing, payment_methods, setups
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.intents import SETUP
from apps.sandbox.stripe.registry import Json, kind, route

kind(SETUP, prefix="seti_", fields=("pending_setup_intent",))


@route("POST", "/v1/setup_intents", "SetupIntentCreateParams")
def create(ctx: Context, params: Json) -> Json:
    customer = params.get("customer")
    if customer:
        ctx = ctx.on_clock_of(ctx.get("customer", customer, param="customer"))
    values: Json = {
        "description": params.get("description"),
        "metadata": merged_metadata({}, params.get("metadata") or {}),
        "payment_method_types": params.get("payment_method_types") or ["card"],
    }
    if params.get("automatic_payment_methods"):
        wished = params["automatic_payment_methods"]
        values["automatic_payment_methods"] = {"allow_redirects": "always"} | wished
    values |= _method(ctx, params, customer)
    usage = params.get("usage") or "off_session"
    setup = setups.make(ctx, setups.blank(customer, usage) | values)
    return _confirm(ctx, setup, params) if params.get("confirm") else setup


@route("GET", "/v1/setup_intents/{setup}", "SetupIntentRetrieveParams")
def retrieve(ctx: Context, params: Json, setup: str) -> Json:
    return ctx.get(SETUP, setup)


@route("POST", "/v1/setup_intents/{setup}", "SetupIntentUpdateParams")
def update(ctx: Context, params: Json, setup: str) -> Json:
    found = ctx.get(SETUP, setup)
    changes: Json = {"description": params["description"]} if "description" in params else {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if params.get("customer"):
        changes["customer"] = ctx.get("customer", params["customer"], param="customer")["id"]
    changes |= _method(ctx, params, changes.get("customer") or found["customer"])
    return ctx.change(found, changes)


@route("POST", "/v1/setup_intents/{setup}/confirm", "SetupIntentConfirmParams")
def confirm(ctx: Context, params: Json, setup: str) -> Json:
    found = ctx.get(SETUP, setup)
    if found["status"] not in intents.CONFIRMABLE:
        raise intents.unexpected(found, "confirm")
    return _confirm(ctx, ctx.change(found, _method(ctx, params, found["customer"])), params)


@route("POST", "/v1/setup_intents/{setup}/cancel", "SetupIntentCancelParams")
def cancel(ctx: Context, params: Json, setup: str) -> Json:
    return setups.cancel(ctx, ctx.get(SETUP, setup), params.get("cancellation_reason"))


@route("GET", "/v1/setup_intents", "SetupIntentListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("customer", "payment_method")}
    return listing.page(ctx, SETUP, params, having=having)


def _method(ctx: Context, params: Json, customer: str | None) -> Json:
    if not params.get("payment_method"):
        return {}
    method = payment_methods.resolve(ctx, params["payment_method"])
    payment_methods.require_for(method, customer)
    return {"payment_method": method["id"], "status": "requires_confirmation"}


def _confirm(ctx: Context, setup: Json, params: Json) -> Json:
    if params.get("return_url"):
        setup = ctx.save(setup | {"_return_url": params["return_url"]})
    setup, error = setups.confirm(ctx, setup, setup["payment_method"])
    if error is not None:
        raise error
    return setup
