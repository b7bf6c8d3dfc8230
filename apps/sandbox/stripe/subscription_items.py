"""Items of subscriptions: what they cost, what they are made of, their lines on invoices."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.sandbox.stripe import discounting, discounts, pricing
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.invoice_lines import Source, described, line, subscription_parent
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.proration import Held
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.resources import prices

MOST_ITEMS = 20


def price_of(ctx: Context, given: Json, param: str, currency: str | None) -> Json:
    """The whole price, tiers included, that `price`, `plan` or `price_data` names."""
    if given.get("price_data"):
        return _inline_price(ctx, given["price_data"], param)
    price = ctx.get("price", given.get("price") or given.get("plan"), param=f"{param}[price]")
    # What a schedule planned holds, though the price was archived meanwhile.
    if not price["active"] and not given.get("_is_planned"):
        raise Invalid(
            "The price specified is inactive. This field only accepts active prices.",
            param=f"{param}[price]",
        )
    if price["type"] != "recurring":
        raise Invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with "
            "`type=recurring`.",
            param=f"{param}[price]",
        )
    return in_currency(price, currency)


def in_currency(price: Json, currency: str | None) -> Json:
    """The price with the amounts of one of its currency_options."""
    options = price.get("currency_options") or price.get("_currency_options") or {}
    if currency in {None, price["currency"]}:
        return price
    if currency not in options:
        raise Invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected "
            f"currency: `{currency}`.",
            param="items",
        )
    names = ("unit_amount", "unit_amount_decimal", "tiers")
    amounts = {name: options[currency].get(name) for name in names}
    return price | amounts | {"currency": currency}


def _inline_price(ctx: Context, data: Json, param: str) -> Json:
    """The price that price_data makes for this subscription alone."""
    ctx.get("product", data["product"], param=f"{param}[price_data][product]")
    return prices.make(ctx, data | {"active": False})


def new(ctx: Context, given: Json, *, subscription: str, customer: str, price: Json) -> Json:
    """The item's data; its period is set with the subscription's."""
    is_metered = price["recurring"]["usage_type"] == "metered"
    if is_metered and given.get("quantity") is not None:
        raise Invalid(
            "Cannot set the quantity: the price is metered, its usage comes from meter events.",
            param="quantity",
        )
    item_id = random_id("si_")
    data: Json = {
        "id": item_id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": ctx.now,
        "current_period_end": ctx.now,
        "current_period_start": ctx.now,
        "discounts": discounts.replaced(
            ctx,
            [],
            given.get("discounts"),
            currency=price["currency"],
            customer=customer,
            subscription_item=item_id,
        ),
        "metadata": merged_metadata({}, given.get("metadata") or {}),
        "subscription": subscription,
        "tax_rates": rates(ctx, given.get("tax_rates")),
        **priced(price),
    }
    if not is_metered:
        data["quantity"] = 1 if given.get("quantity") is None else given["quantity"]
    check_quantity(data)
    return data


def check_quantity(item: Json) -> None:
    if item.get("quantity", 0) < 0:
        raise Invalid("Quantity must be a non-negative number.", param="quantity")


def priced(price: Json) -> Json:
    shown = {name: value for name, value in price.items() if name != "tiers"}
    return {"price": shown, "plan": plan_of(price)}


def plan_of(price: Json) -> Json:
    """What was a price before there were prices."""
    recurring = price["recurring"]
    same = ("active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname")
    return {
        "id": price["id"],
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": recurring.get("meter"),
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring["usage_type"],
        **{name: price[name] for name in same},
    }


def rates(ctx: Context, given: list[str] | None) -> list[Json]:
    return [ctx.get("tax_rate", one, param="tax_rates") for one in given or []]


def full_price(ctx: Context, item: Json) -> Json:
    """With its tiers, in the currency of the subscription."""
    return in_currency(ctx.get("price", item["price"]["id"]), item["price"]["currency"])


def check_together(items: list[Json]) -> None:
    if not items:
        raise Invalid(
            "A subscription must have at least one active plan. To cancel it, use the cancel endpoint.",
            param="items",
        )
    if len(items) > MOST_ITEMS:
        raise Invalid(f"A subscription has at most {MOST_ITEMS} items.", param="items")
    kinds = {(one["price"]["currency"], Interval.of(one["price"])) for one in items}
    if len(kinds) > 1:
        raise Invalid(
            "Currency and interval fields must match across all plans on this subscription. "
            "(The sandbox has no subscriptions of mixed intervals.)",
            param="items",
        )
    names = [one["price"]["id"] for one in items]
    if double := next((one for one in names if names.count(one) > 1), ""):
        raise Invalid(
            f"Cannot add multiple subscription items with the same plan: {double}", param="items"
        )


def held(ctx: Context, subscription: Json) -> list[Held]:
    """The items as prorations see them: with what their discounts leave of them."""
    items = subscription["items"]["data"]
    found = [(one, full_price(ctx, one), one.get("quantity", 0)) for one in items]
    amounts = [pricing.total(price, quantity) for _, price, quantity in found]
    live = discounts.still_live(ctx, subscription["discounts"])
    coupons = list(discounts.coupons(ctx, live).values())
    kept = discounting.kept(coupons, amounts, [price["product"] for _, price, _ in found])
    own = [
        discounting.kept(
            list(discounts.coupons(ctx, discounts.still_live(ctx, one["discounts"])).values()),
            [amount],
            [price["product"]],
        )[0]
        for (one, price, _), amount in zip(found, amounts, strict=True)
    ]
    return [
        Held(one["id"], price, quantity, part * mine)
        for (one, price, quantity), part, mine in zip(found, kept, own, strict=True)
    ]


def lines(ctx: Context, subscription: Json, item: Json, *, period: tuple[int, int]) -> list[Json]:
    """The lines of a licensed item for a period that begins."""
    price = full_price(ctx, item)
    return _lines(ctx, source(subscription, item, price), item["quantity"], period)


def usage_lines(
    ctx: Context, subscription: Json, item: Json, *, period: tuple[int, int]
) -> list[Json]:
    """The lines of a metered item for a period that is over."""
    price = full_price(ctx, item)
    quantity = usage(ctx, subscription["customer"], price, period)
    return _lines(ctx, source(subscription, item, price), quantity, period)


def trial_line(ctx: Context, subscription: Json, item: Json, *, period: tuple[int, int]) -> Json:
    price = full_price(ctx, item)
    part = pricing.Part(item.get("quantity", 0), 0, "0")
    description = f"Trial period for {product_name(ctx, price)}"
    return line(source(subscription, item, price), part, period=period, description=description)


def _lines(ctx: Context, of: Source, quantity: int, period: tuple[int, int]) -> list[Json]:
    price = of.price or {}
    name = product_name(ctx, price)
    return [
        line(of, part, period=period, description=described(part, price, name))
        for part in pricing.charged(price, quantity)
    ]


def source(subscription: Json, item: Json, price: Json, **more: Any) -> Source:
    parent = subscription_parent(subscription["id"], item["id"])
    return Source(
        currency=price["currency"],
        price=price,
        parent=parent,
        subscription=subscription["id"],
        discounts=item["discounts"],
        tax_rates=[one["id"] for one in item["tax_rates"]],
        metadata=subscription["metadata"],
        **more,
    )


def product_name(ctx: Context, price: Json) -> str:
    return str(ctx.rows("product").get(object_id=price["product"]).data["name"])


def usage(ctx: Context, customer: str, price: Json, period: tuple[int, int]) -> int:
    """What the price's meter counted for the customer, from the period's start to before its end."""
    meter = ctx.get("billing.meter", price["recurring"]["meter"])
    mapping = meter["customer_mapping"]["event_payload_key"]
    value_key = meter["value_settings"]["event_payload_key"]
    rows = ctx.rows("billing.meter_event").filter(
        is_deleted=False,
        data__contains={"event_name": meter["event_name"], "payload": {mapping: customer}},
        data__timestamp__gte=period[0],
        data__timestamp__lt=period[1],
    )
    values = [
        (row.data["timestamp"], Decimal(row.data["payload"].get(value_key, "1")))
        for row in rows.order_by("id")
    ]
    return pricing.aggregated(meter["default_aggregation"]["formula"], values)


def day(moment: int) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.day} {at:%b %Y}"
