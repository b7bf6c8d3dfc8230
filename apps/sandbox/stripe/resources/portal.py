"""The customer portal: what it lets customers do, and its sessions (docs.stripe.com/customer-management)."""

import copy

from apps.sandbox.stripe import intents, listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json, kind, on_due, on_event, route

CONFIGURATION, SESSION = "billing_portal.configuration", "billing_portal.session"
kind(CONFIGURATION, prefix="bpc_", fields=("configuration",))
kind(SESSION, prefix="bps_")

LIFE_S = 3600
REASONS = [
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
]
FEATURES: Json = {
    "customer_update": {
        "allowed_updates": ["email", "name", "address", "tax_id"],
        "enabled": False,
    },
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
# Which page a session begins with.
FLOWS = {
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_update": "subscription_update",
    "subscription_update_confirm": "subscription_update",
}


@route("POST", "/v1/billing_portal/configurations", "billing_portal.ConfigurationCreateParams")
def create(ctx: Context, params: Json) -> Json:
    return _make(ctx, params, is_default=False)


def _make(ctx: Context, params: Json, *, is_default: bool) -> Json:
    profile = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    made = ctx.create(
        CONFIGURATION,
        {
            "active": True,
            "application": None,
            "business_profile": profile | (params.get("business_profile") or {}),
            "default_return_url": params.get("default_return_url"),
            "features": _features(ctx, FEATURES, params["features"]),
            "is_default": is_default,
            "login_page": {"enabled": False, "url": None},
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "name": params.get("name"),
            "updated": ctx.now,
        },
    )
    ctx.emit("billing_portal.configuration.created", made)
    return made


def _features(ctx: Context, found: Json, given: Json) -> Json:
    features = copy.deepcopy(found)
    for name, wished in given.items():
        features[name] |= wished or {}
    updates = features["subscription_update"]
    updates["products"] = updates["products"] or []
    for at, one in enumerate(updates["products"]):
        path = f"features[subscription_update][products][{at}]"
        for price in one["prices"]:
            if ctx.get("price", price, param=f"{path}[prices]")["product"] != one["product"]:
                raise Invalid("The price is not of this product.", param=f"{path}[prices]")
    if (updates["schedule_at_period_end"] or {}).get("conditions"):
        raise Invalid(
            "The sandbox's Stripe does not play `schedule_at_period_end` of the portal.",
            param="features[subscription_update][schedule_at_period_end]",
        )
    return features


@route(
    "GET",
    "/v1/billing_portal/configurations/{configuration}",
    "billing_portal.ConfigurationRetrieveParams",
)
def retrieve(ctx: Context, params: Json, configuration: str) -> Json:
    return ctx.get(CONFIGURATION, configuration)


@route(
    "POST",
    "/v1/billing_portal/configurations/{configuration}",
    "billing_portal.ConfigurationUpdateParams",
)
def update(ctx: Context, params: Json, configuration: str) -> Json:
    found = ctx.get(CONFIGURATION, configuration)
    names = ("active", "default_return_url", "name")
    changes: Json = {name: params[name] for name in names if name in params}
    if params.get("business_profile"):
        changes["business_profile"] = found["business_profile"] | params["business_profile"]
    if params.get("features"):
        changes["features"] = _features(ctx, found["features"], params["features"])
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if found["is_default"] and changes.get("active") is False:
        raise Invalid("The default configuration cannot be switched off.", param="active")
    changes["updated"] = ctx.now
    return ctx.change(found, changes, "billing_portal.configuration.updated")


@route("GET", "/v1/billing_portal/configurations", "billing_portal.ConfigurationListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("active", "is_default")}
    return listing.page(ctx, CONFIGURATION, params, having=having)


@route("POST", "/v1/billing_portal/sessions", "billing_portal.SessionCreateParams")
def session_create(ctx: Context, params: Json) -> Json:
    if not params.get("customer"):
        raise Invalid(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    customer = ctx.get("customer", params["customer"], param="customer")
    ctx = ctx.on_clock_of(customer)
    if params.get("configuration"):
        configuration = ctx.get(CONFIGURATION, params["configuration"], param="configuration")
        if not configuration["active"]:
            raise Invalid("This configuration is not active.", param="configuration")
    else:
        configuration = _default(ctx)
    flow = _flow(ctx, params.get("flow_data"), customer)
    session_id = random_id("bps_")
    made = ctx.create(
        SESSION,
        {
            "configuration": configuration["id"],
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url") or configuration["default_return_url"],
            "url": intents.hosted(ctx, f"/portal/{session_id}/"),
        },
        object_id=session_id,
        due_at=ctx.now + LIFE_S,
    )
    ctx.emit("billing_portal.session.created", made)
    return made


def _default(ctx: Context) -> Json:
    """Made when it is first needed, with all but changes of plan; Stripe wants it saved in the dashboard."""
    found = ctx.find(CONFIGURATION, is_default=True)
    if found:
        return found[0]
    names = ("customer_update", "invoice_history", "payment_method_update", "subscription_cancel")
    return _make(ctx, {"features": {name: {"enabled": True} for name in names}}, is_default=True)


def _flow(ctx: Context, given: Json | None, customer: Json) -> Json | None:
    if given is None:
        return None
    wished = given["type"]
    detail = given.get(wished)
    if wished != "payment_method_update":
        param = f"flow_data[{wished}]"
        if not detail:
            raise Invalid(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        found = ctx.get("subscription", detail["subscription"], param=f"{param}[subscription]")
        if found["customer"] != customer["id"]:
            raise Invalid("The subscription is another customer's.", param=f"{param}[subscription]")
    after = given.get("after_completion") or {"type": "portal_homepage"}
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": None} | after,
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        wished: detail,
        "type": wished,
    }


@on_due(SESSION)
def end(ctx: Context, session: Json) -> None:
    ctx.delete(session)


@on_event("setup_intent.succeeded")
def make_default(ctx: Context, setup: Json) -> None:
    """A card that was added in the portal is what invoices are charged to from now on."""
    if not setup.get("_makes_default"):
        return
    customer = ctx.get("customer", setup["customer"])
    settings = customer["invoice_settings"] | {"default_payment_method": setup["payment_method"]}
    ctx.change(customer, {"invoice_settings": settings}, "customer.updated")
