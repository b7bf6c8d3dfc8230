from urllib.parse import urlsplit

from apps.sandbox.stripe import automatic_tax, checkout, intents, listing, setups
from apps.sandbox.stripe.checkout import KIND
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json, includes, kind, on_due, renders, route
from apps.sandbox.stripe.resources import prices, products

kind(KIND, prefix="cs_test_")
# Of line items; they are a list of the session's own.
kind("item", prefix="li_")

# What the stand-in plays, or may ignore without harm; anything else is refused, not forgotten.
PLAYED = {
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_types",
    "saved_payment_method_options",
    "setup_intent_data",
    "submit_type",
    "subscription_data",
    "success_url",
    "tax_id_collection",
    "ui_mode",
}
DATA_OF = {
    "payment_intent_data": "payment",
    "setup_intent_data": "setup",
    "subscription_data": "subscription",
}
MIN_LIFE_S, LIFE_S = 1800, 24 * 3600


@route("POST", "/v1/checkout/sessions", "checkout.SessionCreateParams", old_params=("ui_mode",))
def create(ctx: Context, params: Json) -> Json:
    _check(params)
    mode = params["mode"]
    customer = params.get("customer")
    if customer:
        ctx = ctx.on_clock_of(ctx.get("customer", customer, param="customer"))
    data = params.get("subscription_data") or {}
    is_trial = bool(data.get("trial_period_days") or data.get("trial_end"))
    lines = [
        _line(ctx, params, given, at, is_trial)
        for at, given in enumerate(params.get("line_items") or [])
    ]
    currency = _currency(params, lines)
    session_id = random_id("cs_test_")
    expires_at = params.get("expires_at") or ctx.now + LIFE_S
    if not ctx.now + MIN_LIFE_S <= expires_at <= ctx.now + LIFE_S:
        raise Invalid(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            param="expires_at",
        )
    discounts = [
        {"coupon": one.get("coupon"), "promotion_code": one.get("promotion_code")}
        for one in params.get("discounts") or []
    ]
    values = _blank(ctx, params, session_id) | checkout.totals(ctx, lines, discounts)
    if mode == "setup":
        values |= dict.fromkeys(("amount_subtotal", "amount_total"))
        wished = params.get("setup_intent_data") or {}
        blank = setups.blank(customer) | {
            "description": wished.get("description"),
            "metadata": merged_metadata({}, wished.get("metadata") or {}),
        }
        values["setup_intent"] = setups.make(ctx, blank)["id"]
    values |= {"currency": currency, "expires_at": expires_at}
    return ctx.create(KIND, values, object_id=session_id, due_at=expires_at)


@route("GET", "/v1/checkout/sessions/{session}", "checkout.SessionRetrieveParams")
def retrieve(ctx: Context, params: Json, session: str) -> Json:
    return ctx.get(KIND, session)


@route("POST", "/v1/checkout/sessions/{session}", "checkout.SessionUpdateParams")
def update(ctx: Context, params: Json, session: str) -> Json:
    found = ctx.get(KIND, session)
    if set(params) - {"metadata"}:
        raise Invalid("The sandbox's Stripe changes the metadata of a session only.")
    merged = merged_metadata(found["metadata"], params.get("metadata"))
    return ctx.change(found, {"metadata": merged} if "metadata" in params else {})


@route("GET", "/v1/checkout/sessions", "checkout.SessionListParams")
def index(ctx: Context, params: Json) -> Json:
    names = ("customer", "payment_intent", "status", "subscription")
    return listing.page(ctx, KIND, params, having={name: params.get(name) for name in names})


@route("POST", "/v1/checkout/sessions/{session}/expire", "checkout.SessionExpireParams")
def expire(ctx: Context, params: Json, session: str) -> Json:
    found = ctx.get(KIND, session)
    if found["status"] != "open":
        raise Invalid("Only Checkout Sessions with a status in `open` can be expired.")
    return checkout.expire(ctx.on_clock_of(found), found)


@route("GET", "/v1/checkout/sessions/{session}/line_items", "checkout.SessionLineItemListParams")
def line_items(ctx: Context, params: Json, session: str) -> Json:
    lines = ctx.get(KIND, session)["_lines"]
    limit = listing.limit_of(params)
    found = listing.of(lines[:limit], ctx.path)
    return found | {"has_more": len(lines) > limit}


@includes(KIND, "line_items")
def included_lines(ctx: Context, session: Json) -> Json:
    lines = ctx.get(KIND, session["id"])["_lines"]
    return listing.of(lines, f"/v1/checkout/sessions/{session['id']}/line_items")


@on_due(KIND)
def late(ctx: Context, session: Json) -> None:
    checkout.expire(ctx, session)


@renders(KIND, before="2026-03-25")
def previous(ctx: Context, session: Json) -> Json:
    return session | {"ui_mode": "hosted"}


def _check(params: Json) -> None:
    for name in params:
        if name not in PLAYED:
            raise Invalid(f"The sandbox's Stripe does not play `{name}`.", param=name)
    for name in ("mode", "success_url"):
        if not params.get(name):
            raise Invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    for name in ("success_url", "cancel_url"):
        if params.get(name) and urlsplit(params[name]).scheme not in {"http", "https"}:
            raise Invalid("Not a valid URL", code="url_invalid", param=name)
    mode = params["mode"]
    for is_wrong, param, message in (
        (
            params.get("ui_mode") not in {None, "hosted", "hosted_page"},
            "ui_mode",
            "The sandbox's Stripe has hosted pages only.",
        ),
        (
            (mode == "setup") == bool(params.get("line_items")),
            "line_items",
            "line_items are for the modes payment and subscription, which need them.",
        ),
        (
            params.get("customer") and params.get("customer_email"),
            "customer",
            "You may only specify one of these parameters: customer, customer_email.",
        ),
        (
            params.get("customer_update") and not params.get("customer"),
            "customer_update",
            "customer_update is for a customer that is there.",
        ),
        (
            params.get("allow_promotion_codes") and params.get("discounts"),
            "allow_promotion_codes",
            "You may only specify one of these parameters: allow_promotion_codes, discounts.",
        ),
        (
            automatic_tax.is_on(params) and mode != "subscription",
            "automatic_tax",
            "The sandbox's Stripe computes the taxes of subscriptions only.",
        ),
        (
            automatic_tax.is_on(params)
            and params.get("customer")
            and (params.get("customer_update") or {}).get("address") != "auto",
            "customer_update[address]",
            "Automatic tax calculation needs an address, or customer_update[address] as `auto`.",
        ),
        (
            _wants_invoice(params)
            and (
                mode != "payment" or params.get("discounts") or params.get("allow_promotion_codes")
            ),
            "invoice_creation",
            "The sandbox's Stripe makes invoices in `payment` mode, without discounts.",
        ),
        *(
            (params.get(name) and mode != of, name, f"You can not pass `{name}` in `{mode}` mode.")
            for name, of in DATA_OF.items()
        ),
    ):
        if is_wrong:
            raise Invalid(message, param=param)


def _wants_invoice(params: Json) -> bool:
    return bool((params.get("invoice_creation") or {}).get("enabled"))


def _invoice_creation(params: Json) -> Json | None:
    if params["mode"] != "payment":
        return None
    data = (params.get("invoice_creation") or {}).get("invoice_data") or {}
    return {
        "enabled": _wants_invoice(params),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": data.get("description"),
            "footer": data.get("footer"),
            "issuer": None,
            "metadata": data.get("metadata") or {},
            "rendering_options": None,
        },
    }


def _line(ctx: Context, params: Json, given: Json, at: int, is_trial: bool) -> Json:
    path = f"line_items[{at}]"
    if given.get("price_data"):
        data = dict(given["price_data"])
        if data.get("product_data"):
            data["product"] = products.make(ctx, data.pop("product_data"))["id"]
        price = prices.make(ctx, data | {"active": False})
    else:
        price = ctx.get("price", given.get("price"), param=f"{path}[price]")
        if not price["active"]:
            raise Invalid(f"The price specified is inactive: {price['id']}", param=f"{path}[price]")
    price = _in_currency(price, params.get("currency"), f"{path}[price]")
    if price["recurring"] and params["mode"] == "payment":
        raise Invalid(
            "You must provide one-time prices in payment mode: use subscription mode.",
            param=path,
        )
    is_metered = bool(price["recurring"]) and price["recurring"]["usage_type"] == "metered"
    quantity = given.get("quantity")
    if is_metered == (quantity is not None):
        raise Invalid(
            "Quantity is required for all prices but metered ones, which have none.",
            param=f"{path}[quantity]",
        )
    if quantity is not None and quantity < 1:
        raise Invalid("This value must be greater than or equal to 1.", param=f"{path}[quantity]")
    is_free = is_trial and bool(price["recurring"])
    return checkout.line(ctx, price, quantity, is_free=is_free, taxes=given.get("tax_rates") or [])


def _in_currency(price: Json, currency: str | None, param: str) -> Json:
    if currency in {None, price["currency"]}:
        return price
    option = price["currency_options"].get(currency)
    if option is None:
        raise Invalid(f"The price has no amount in `{currency}`.", param=param)
    names = ("unit_amount", "unit_amount_decimal", "tiers")
    return price | {name: option[name] for name in names} | {"currency": currency}


def _automatic_tax(enabled: bool) -> Json:
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def _currency(params: Json, lines: list[Json]) -> str | None:
    found = {one["currency"] for one in lines}
    if len(found) > 1:
        raise Invalid("All line items must have the same currency.", param="line_items")
    if params["mode"] == "subscription" and not any(one["price"]["recurring"] for one in lines):
        raise Invalid(
            "You must provide at least one recurring price in subscription mode.",
            param="line_items",
        )
    return found.pop() if found else params.get("currency")


def _blank(ctx: Context, params: Json, session_id: str) -> Json:
    mode = params["mode"]
    default = "if_required" if mode == "payment" else "always"
    creation = params.get("customer_creation") or default
    return {
        "_customer_update": params.get("customer_update") or {},
        "_entered": None,
        "_intent_data": params.get("payment_intent_data") or {},
        "_error": "",
        "_made_customer": None,
        "_method": None,
        "_subscription_data": params.get("subscription_data") or {},
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "automatic_tax": _automatic_tax(automatic_tax.is_on(params)),
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": None if params.get("customer") else creation,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "invoice": None,
        "invoice_creation": _invoice_creation(params),
        "locale": params.get("locale"),
        "metadata": merged_metadata({}, params.get("metadata") or {}),
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": params.get("payment_method_collection") or default
        if mode == "subscription"
        else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "tax_id_collection": {
            "enabled": bool((params.get("tax_id_collection") or {}).get("enabled")),
            "required": "never",
        },
        "ui_mode": "hosted_page",
        "url": intents.hosted(ctx, f"/checkout/{session_id}/"),
        "wallet_options": None,
    }
