from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json, kind, on_due, renders, route

KIND = "promotion_code"
kind(KIND, prefix="promo_")


@route("POST", "/v1/promotion_codes", "PromotionCodeCreateParams", old_params=("coupon",))
def create(ctx: Context, params: Json) -> Json:
    given = params.get("coupon") or (params.get("promotion") or {}).get("coupon")
    coupon = ctx.get("coupon", given, param="promotion[coupon]")
    code = params.get("code") or random_id("")[:8].upper()
    for other in ctx.find(KIND, code=code, active=True):
        if other["customer"] in {None, params.get("customer")} or not params.get("customer"):
            raise Invalid(
                f"An active promotion code with `code: {code}` already exists.", param="code"
            )
    if params.get("customer"):
        ctx.get("customer", params["customer"], param="customer")
    restrictions = params.get("restrictions") or {}
    made = ctx.create(
        KIND,
        {
            "active": params.get("active", True),
            "code": code,
            "customer": params.get("customer"),
            "customer_account": None,
            "expires_at": params.get("expires_at"),
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": {
                "first_time_transaction": restrictions.get("first_time_transaction", False),
                "minimum_amount": restrictions.get("minimum_amount"),
                "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
            },
            "times_redeemed": 0,
        },
        due_at=params.get("expires_at"),
    )
    ctx.emit("promotion_code.created", made)
    return made


@route("GET", "/v1/promotion_codes/{code}", "PromotionCodeRetrieveParams")
def retrieve(ctx: Context, params: Json, code: str) -> Json:
    return ctx.get(KIND, code)


@route("POST", "/v1/promotion_codes/{code}", "PromotionCodeUpdateParams")
def update(ctx: Context, params: Json, code: str) -> Json:
    found = ctx.get(KIND, code)
    changes: Json = {"active": params["active"]} if "active" in params else {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return ctx.change(found, changes, "promotion_code.updated")


@route("GET", "/v1/promotion_codes", "PromotionCodeListParams")
def index(ctx: Context, params: Json) -> Json:
    having: Json = {name: params[name] for name in ("active", "code", "customer") if name in params}
    if params.get("coupon"):
        having["promotion"] = {"coupon": params["coupon"]}
    return listing.page(ctx, KIND, params, having=having)


@on_due(KIND)
def expire(ctx: Context, code: Json) -> None:
    ctx.change(code, {"active": False}, "promotion_code.updated", due_at=None)


@renders(KIND, before="2025-09-30")
def previous(ctx: Context, code: Json) -> Json:
    """The coupon itself, whole."""
    rest = {name: value for name, value in code.items() if name != "promotion"}
    coupon = ctx.rows("coupon").get(object_id=code["promotion"]["coupon"]).data
    hidden = {"applies_to", "currency_options"}
    return rest | {"coupon": {k: v for k, v in coupon.items() if k not in hidden}}
