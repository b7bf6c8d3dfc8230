"""Coupons as they are applied: to a customer, a subscription, one of its items, an invoice, one of its items.

https://docs.stripe.com/api/discounts, in the shape since 2025-09-30 (`source`).
"""

from apps.sandbox.stripe import discounting
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

TARGETS = ("customer", "subscription", "subscription_item", "invoice", "invoice_item")


def redeem(ctx: Context, given: Json, *, param: str, currency: str | None, **of: str) -> str:
    """The id of a discount for `{coupon}`, `{promotion_code}` or `{discount}`, an existing one.

    of: the ids of what it is for. Counts a redemption. Raises Invalid.
    """
    if given.get("discount"):
        return str(ctx.get("discount", given["discount"], param=f"{param}[discount]")["id"])
    promotion = None
    if given.get("promotion_code"):
        promotion = ctx.get("promotion_code", given["promotion_code"], param=param)
        _check_promotion(ctx, promotion, of["customer"], param)
        ctx.save(promotion | {"times_redeemed": promotion["times_redeemed"] + 1})
    coupon_id = _coupon_of(promotion) if promotion else given.get("coupon")
    coupon = ctx.get("coupon", coupon_id, param=param)
    _check_coupon(ctx, coupon, currency, param)
    ctx.save(_counted(coupon))
    made = ctx.create(
        "discount",
        dict.fromkeys(TARGETS)
        | {
            "checkout_session": None,
            "customer_account": None,
            "end": discounting.runs_until(coupon, ctx.now),
            "promotion_code": promotion and promotion["id"],
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": ctx.now,
        }
        | of,
    )
    for name in ("created", "livemode"):
        del made[name]
    ctx.save(made)
    ctx.emit("customer.discount.created", made)
    return str(made["id"])


def _coupon_of(promotion: Json) -> str:
    promoted = promotion.get("promotion") or promotion
    coupon = promoted["coupon"]
    return str(coupon["id"] if isinstance(coupon, dict) else coupon)


def _check_promotion(ctx: Context, promotion: Json, customer: str, param: str) -> None:
    most, until = promotion["max_redemptions"], promotion["expires_at"]
    is_spent = most is not None and promotion["times_redeemed"] >= most
    is_late = until is not None and ctx.now >= until
    if not promotion["active"] or is_spent or is_late:
        raise Invalid("This promotion code cannot be redeemed because it is inactive.", param=param)
    if promotion.get("customer") not in {None, customer}:
        raise Invalid(
            "This promotion code cannot be redeemed because it is restricted to another customer.",
            param=param,
        )
    restrictions = promotion.get("restrictions") or {}
    if restrictions.get("first_time_transaction") and ctx.find(
        "invoice", customer=customer, status="paid"
    ):
        raise Invalid(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            code="promotion_code_customer_not_first_time",
            param=param,
        )


def _check_coupon(ctx: Context, coupon: Json, currency: str | None, param: str) -> None:
    most, until = coupon["max_redemptions"], coupon["redeem_by"]
    is_spent = most is not None and coupon["times_redeemed"] >= most
    if is_spent or (until is not None and ctx.now >= until):
        raise Invalid("Coupon expired: " + coupon["id"], code="coupon_expired", param=param)
    if coupon["amount_off"] is not None and currency not in {None, coupon["currency"]}:
        raise Invalid(
            f"The coupon's currency ({coupon['currency']}) is not the subscription's or invoice's "
            f"({currency}).",
            param=param,
        )


def _counted(coupon: Json) -> Json:
    times, most = coupon["times_redeemed"] + 1, coupon["max_redemptions"]
    return coupon | {"times_redeemed": times, "valid": coupon["valid"] and times != most}


def replaced(
    ctx: Context, old: list[str], given: list[Json] | None, *, currency: str | None, **of: str
) -> list[str]:
    """The discounts that a `discounts` parameter sets; none for an empty one. Those that go are deleted."""
    new = [
        redeem(ctx, one, param=f"discounts[{index}]", currency=currency, **of)
        for index, one in enumerate(given or [])
    ]
    drop(ctx, [one for one in old if one not in new])
    return new


def drop(ctx: Context, ids: list[str]) -> None:
    for one in ids:
        discount = ctx.get("discount", one)
        ctx.emit("customer.discount.deleted", discount)


def coupons(ctx: Context, ids: list[str]) -> dict[str, Json]:
    found = {}
    for one in ids:
        coupon = ctx.get("discount", one)["source"]["coupon"]
        rows = ctx.rows("coupon").filter(object_id=coupon)  # also one that is deleted meanwhile
        found[one] = dict(rows.get().data)
    return found


def of_customer(customer: Json) -> list[str]:
    discount = customer.get("discount")
    if not discount:
        return []
    return [discount["id"] if isinstance(discount, dict) else discount]


def still_live(ctx: Context, ids: list[str]) -> list[str]:
    return [one for one in ids if discounting.live(ctx.get("discount", one), ctx.now)]


def after_invoice(ctx: Context, ids: list[str], invoice: Json) -> list[str]:
    """What is left of these after the invoice: a coupon for once goes when it took something off."""
    used = {one["discount"] for one in invoice["total_discount_amounts"] if one["amount"]}
    found = coupons(ctx, ids)
    left = [one for one in ids if found[one]["duration"] != "once" or one not in used]
    drop(ctx, [one for one in ids if one not in left])
    return left
