from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, route

KIND = "tax_rate"
kind(KIND, prefix="txr_")
PLAIN = ("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type")


@route("POST", "/v1/tax_rates", "TaxRateCreateParams")
def create(ctx: Context, params: Json) -> Json:
    if not 0 <= params["percentage"] <= 100:
        raise Invalid("Invalid percentage: must be from 0 to 100.", param="percentage")
    made = ctx.create(
        KIND,
        {
            **dict.fromkeys(PLAIN),
            "active": True,
            "effective_percentage": params["percentage"],
            "flat_amount": None,
            "inclusive": params["inclusive"],
            "jurisdiction_level": None,
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "percentage": params["percentage"],
            "rate_type": "percentage",
        }
        | {name: params[name] for name in PLAIN if name in params},
    )
    ctx.emit("tax_rate.created", made)
    return made


@route("GET", "/v1/tax_rates/{rate}", "TaxRateRetrieveParams")
def retrieve(ctx: Context, params: Json, rate: str) -> Json:
    return ctx.get(KIND, rate)


@route("POST", "/v1/tax_rates/{rate}", "TaxRateUpdateParams")
def update(ctx: Context, params: Json, rate: str) -> Json:
    found = ctx.get(KIND, rate)
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return ctx.change(found, changes, "tax_rate.updated")


@route("GET", "/v1/tax_rates", "TaxRateListParams")
def index(ctx: Context, params: Json) -> Json:
    having: Json = {name: params[name] for name in ("active", "inclusive") if name in params}
    return listing.page(ctx, KIND, params, having=having)
