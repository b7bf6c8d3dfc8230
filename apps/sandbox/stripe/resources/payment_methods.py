from apps.sandbox.stripe import cards, listing, payment_methods
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.payment_methods import KIND
from apps.sandbox.stripe.registry import Json, kind, on_event, route

kind(KIND, prefix="pm_", fields=("default_payment_method",))


@route("POST", "/v1/payment_methods", "PaymentMethodCreateParams")
def create(ctx: Context, params: Json) -> Json:
    """A test card, by its number or its token."""
    given = params.get("card")
    if params.get("type") != "card" or not given:
        raise Invalid("The sandbox's Stripe knows cards only: type=card, and card.", param="type")
    token = given.get("token")
    if token:
        if token not in cards.BY_TOKEN:
            raise Invalid(f"No such token: '{token}'", code="resource_missing", param="card[token]")
        card = cards.BY_TOKEN[token]
    else:
        for name in ("number", "exp_month", "exp_year"):
            if not given.get(name):
                full = f"card[{name}]"
                raise Invalid(
                    f"Missing required param: {full}.", code="parameter_missing", param=full
                )
        card = cards.card_of(given["number"])
    return payment_methods.make(ctx, card, params)


@route("GET", "/v1/payment_methods/{method}", "PaymentMethodRetrieveParams")
def retrieve(ctx: Context, params: Json, method: str) -> Json:
    return ctx.get(KIND, method)


@route("POST", "/v1/payment_methods/{method}", "PaymentMethodUpdateParams")
def update(ctx: Context, params: Json, method: str) -> Json:
    found = ctx.get(KIND, method)
    changes: Json = {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if "allow_redisplay" in params:
        changes["allow_redisplay"] = params["allow_redisplay"]
    if params.get("billing_details"):
        billing = found["billing_details"] | params["billing_details"]
        address = params["billing_details"].get("address") or {}
        billing["address"] = found["billing_details"]["address"] | address
        changes["billing_details"] = billing
    if params.get("card"):
        dates = {
            name: params["card"][name]
            for name in ("exp_month", "exp_year")
            if name in params["card"]
        }
        changes["card"] = found["card"] | dates
    return ctx.change(found, changes, "payment_method.updated")


@route("POST", "/v1/payment_methods/{method}/attach", "PaymentMethodAttachParams")
def attach(ctx: Context, params: Json, method: str) -> Json:
    customer = ctx.get("customer", params.get("customer"), param="customer")
    return payment_methods.attach(ctx, payment_methods.resolve(ctx, method, ""), customer)


@route("POST", "/v1/payment_methods/{method}/detach", "PaymentMethodDetachParams")
def detach(ctx: Context, params: Json, method: str) -> Json:
    return payment_methods.detach(ctx, ctx.get(KIND, method))


@route("GET", "/v1/payment_methods", "PaymentMethodListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {"type": params.get("type") or "card", "customer": params.get("customer")}
    return listing.page(ctx, KIND, params, having=having)


@route("GET", "/v1/customers/{customer}/payment_methods", "CustomerPaymentMethodListParams")
def of_customer(ctx: Context, params: Json, customer: str) -> Json:
    ctx.get("customer", customer)
    having = {"type": params.get("type"), "customer": customer}
    return listing.page(ctx, KIND, params, having=having)


@route(
    "GET",
    "/v1/customers/{customer}/payment_methods/{method}",
    "CustomerPaymentMethodRetrieveParams",
)
def one_of_customer(ctx: Context, params: Json, customer: str, method: str) -> Json:
    found = ctx.get(KIND, method)
    if found["customer"] != customer:
        raise Invalid(
            f"No such payment_method: '{method}'", code="resource_missing", param="id", status=404
        )
    return found


@on_event("customer.deleted")
def let_go(ctx: Context, customer: Json) -> None:
    for method in ctx.find(KIND, customer=customer["id"]):
        ctx.save(method | {"customer": None, "_was_used": True})
