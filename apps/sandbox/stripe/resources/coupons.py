from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json, hides, kind, on_due, route

KIND = "coupon"
kind(KIND, prefix="")
hides(KIND, "applies_to", "currency_options")


@route("POST", "/v1/coupons", "CouponCreateParams")
def create(ctx: Context, params: Json) -> Json:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise Invalid("You must pass either percent_off or amount_off.", param="percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise Invalid("Invalid percent_off: must be above 0 and at most 100.", param="percent_off")
    if amount is not None and amount <= 0:
        raise Invalid("Invalid positive integer", param="amount_off")
    if amount is not None and not params.get("currency"):
        raise Invalid("You must pass currency when passing amount_off.", param="currency")
    duration = params.get("duration") or "once"
    if (duration == "repeating") != bool(params.get("duration_in_months")):
        raise Invalid(
            "duration_in_months is for a repeating coupon, which needs it.",
            param="duration_in_months",
        )
    redeem_by = params.get("redeem_by")
    if redeem_by is not None and redeem_by <= ctx.now:
        raise Invalid("redeem_by must be in the future.", param="redeem_by")
    for product in (params.get("applies_to") or {}).get("products", []):
        ctx.get("product", product, param="applies_to[products]")
    currency = (params.get("currency") or "").lower() or None
    options = {code.lower(): one for code, one in (params.get("currency_options") or {}).items()}
    if amount is not None and currency:
        options[currency] = {"amount_off": amount}
    made = ctx.create(
        KIND,
        {
            "amount_off": amount,
            "applies_to": params.get("applies_to"),
            "currency": currency if amount is not None else None,
            "currency_options": options or None,
            "duration": duration,
            "duration_in_months": params.get("duration_in_months"),
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "name": params.get("name"),
            "percent_off": percent,
            "redeem_by": redeem_by,
            "times_redeemed": 0,
            "valid": True,
        },
        object_id=params.get("id") or random_id("")[:8],
        due_at=redeem_by,
    )
    ctx.emit("coupon.created", made)
    return made


@route("GET", "/v1/coupons/{coupon}", "CouponRetrieveParams")
def retrieve(ctx: Context, params: Json, coupon: str) -> Json:
    return ctx.get(KIND, coupon)


@route("POST", "/v1/coupons/{coupon}", "CouponUpdateParams")
def update(ctx: Context, params: Json, coupon: str) -> Json:
    found = ctx.get(KIND, coupon)
    changes: Json = {"name": params["name"]} if "name" in params else {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if params.get("currency_options"):
        changes["currency_options"] = (found["currency_options"] or {}) | params["currency_options"]
    return ctx.change(found, changes, "coupon.updated")


@route("DELETE", "/v1/coupons/{coupon}")
def delete(ctx: Context, params: Json, coupon: str) -> Json:
    """Who has it keeps it."""
    found = ctx.get(KIND, coupon)
    gone = ctx.delete(found)
    ctx.emit("coupon.deleted", found)
    return gone


@route("GET", "/v1/coupons", "CouponListParams")
def index(ctx: Context, params: Json) -> Json:
    return listing.page(ctx, KIND, params)


@on_due(KIND)
def expire(ctx: Context, coupon: Json) -> None:
    ctx.change(coupon, {"valid": False}, "coupon.updated", due_at=None)
