"""Invoice items: what waits for the next invoice, prorations among it.

https://docs.stripe.com/api/invoiceitems
"""

from decimal import Decimal
from typing import Any

from apps.sandbox.stripe import discounts, pricing, subscription_items
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.invoice_lines import (
    Source,
    invoice_item_parent,
    line,
    subscription_parent,
)
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.pricing import Part
from apps.sandbox.stripe.proration import Proration
from apps.sandbox.stripe.registry import Json


def create(ctx: Context, params: Json) -> Json:
    """Of an API call. Publishes invoiceitem.created."""
    customer = ctx.get("customer", params.get("customer"), param="customer")
    ctx = ctx.on_clock_of(customer)
    subscription = None
    if params.get("subscription"):
        subscription = ctx.get("subscription", params["subscription"], param="subscription")
    priced = _priced(ctx, params, customer)
    item_id = random_id("ii_")
    period = params.get("period") or {"start": ctx.now, "end": ctx.now}
    if period["end"] < period["start"]:
        raise Invalid("The period's end is before its start.", param="period[end]")
    return add(
        ctx,
        {
            "id": item_id,
            "customer": customer["id"],
            "description": params.get("description") or priced.pop("_name"),
            "discountable": params.get("discountable", priced["amount"] >= 0),
            "discounts": discounts.replaced(
                ctx,
                [],
                params.get("discounts"),
                currency=priced["currency"],
                customer=customer["id"],
                invoice_item=item_id,
            ),
            "invoice": params.get("invoice"),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "parent": subscription and _of_subscription(subscription["id"], None),
            "period": {"start": period["start"], "end": period["end"]},
            "tax_rates": subscription_items.rates(ctx, params.get("tax_rates")),
        }
        | {name: value for name, value in priced.items() if name != "_name"},
    )


def _priced(ctx: Context, params: Json, customer: Json) -> Json:
    """amount, currency, quantity and pricing, from an amount, a price, or a price's data."""
    quantity = params.get("quantity")
    quantity = 1 if quantity is None else quantity
    if params.get("amount") is not None:
        currency = (params.get("currency") or customer.get("currency") or "usd").lower()
        return _sums(params["amount"], currency, 1, str(params["amount"]))
    named = (params.get("pricing") or {}).get("price") or params.get("price")
    if named:
        price = ctx.get("price", named, param="pricing[price]")
        if price["type"] != "one_time":
            raise Invalid(
                "The price specified is set to `type=recurring` but this field only accepts prices with "
                "`type=one_time`.",
                param="pricing[price]",
            )
        name = subscription_items.product_name(ctx, price)
        (part, *_) = pricing.charged(price, quantity)
        unit = part.unit_amount_decimal
        return _sums(part.amount, price["currency"], quantity, unit, price=price, name=name)
    data = params.get("price_data")
    if data or params.get("unit_amount_decimal") is not None:
        data = data or {"currency": params.get("currency") or "usd"} | params
        unit = str(data.get("unit_amount_decimal") or data.get("unit_amount") or 0)
        amount = pricing.rounded(Decimal(unit) * quantity)
        return _sums(amount, data["currency"].lower(), quantity, unit)
    raise Invalid(
        "You must pass one of amount, pricing, price_data or unit_amount_decimal.", param="amount"
    )


def _sums(
    amount: int,
    currency: str,
    quantity: int,
    unit: str,
    *,
    price: Json | None = None,
    name: str = "",
) -> Json:
    details = price and {"price": price["id"], "product": price["product"]}
    return {
        "amount": amount,
        "currency": currency,
        "quantity": quantity,
        "pricing": {
            "price_details": details,
            "type": "price_details",
            "unit_amount_decimal": unit,
        },
        "_name": name or None,
    }


def add(ctx: Context, data: Json) -> Json:
    """Publishes invoiceitem.created."""
    made = ctx.create(
        "invoiceitem",
        {
            "customer_account": None,
            "date": ctx.now,
            "net_amount": data["amount"],
            "proration": False,
            "proration_details": None,
            "quantity_decimal": str(data["quantity"]),
            "test_clock": ctx.clock or None,
        }
        | data,
    )
    ctx.emit("invoiceitem.created", made)
    return made


def add_prorations(ctx: Context, subscription: Json, prorations: list[Proration]) -> list[Json]:
    """They wait for the next invoice of the subscription, one item each."""
    items = {one["id"]: one for one in subscription["items"]["data"]}
    return [_add_proration(ctx, subscription, one, items) for one in prorations]


def _add_proration(
    ctx: Context, subscription: Json, proration: Proration, items: dict[str, Json]
) -> Json:
    held = proration.held
    name = subscription_items.product_name(ctx, held.price)
    many = f"{held.quantity} × {name}" if held.quantity != 1 else name
    time = "Unused" if proration.is_credit else "Remaining"
    day = subscription_items.day(proration.start)
    rates = items[held.item]["tax_rates"] if held.item in items else []
    return add(
        ctx,
        {
            "amount": proration.amount,
            "currency": held.price["currency"],
            "customer": subscription["customer"],
            "description": f"{time} time on {many} after {day}",
            # Its amount is net of the discounts that it is a share of.
            "discountable": False,
            "discounts": [],
            "invoice": None,
            "metadata": subscription["metadata"],
            "parent": _of_subscription(subscription["id"], held.item),
            "period": {"start": proration.start, "end": proration.end},
            "pricing": {
                "price_details": {"price": held.price["id"], "product": held.price["product"]},
                "type": "price_details",
                "unit_amount_decimal": _unit(proration),
            },
            "proration": True,
            "proration_details": {"discount_amounts": []},
            "quantity": held.quantity,
            "tax_rates": rates,
        },
    )


def _unit(proration: Proration) -> str:
    many = proration.held.quantity or 1
    return pricing.decimal_text(round(Decimal(proration.amount) / many, 12))


def _of_subscription(subscription: str, item: str | None) -> Json:
    details: Json = {"subscription": subscription}
    if item:
        details["subscription_item"] = item
    return {"subscription_details": details, "type": "subscription_details"}


def subscription_of(item: Json) -> Json:
    return (item["parent"] or {}).get("subscription_details") or {}


def pending(ctx: Context, customer: str, subscription: str | None, currency: str) -> list[Json]:
    """What waits for an invoice of the subscription, or for one of none, oldest first."""
    rows = ctx.rows("invoiceitem").filter(
        is_deleted=False,
        data__contains={"customer": customer, "currency": currency, "invoice": None},
    )
    found: list[Any] = [dict(row.data) for row in rows.order_by("created", "id")]
    return [
        one for one in found if subscription_of(one).get("subscription") in {None, subscription}
    ]


def pending_lines(ctx: Context, subscription: Json) -> list[Json]:
    waiting = pending(ctx, subscription["customer"], subscription["id"], subscription["currency"])
    return [line_of(ctx, one) for one in waiting]


def line_of(ctx: Context, item: Json) -> Json:
    """The item as a line; `invoices.draft` notes on the item which invoice it went to."""
    of = subscription_of(item)
    priced = item["pricing"]["price_details"]
    if of.get("subscription_item"):
        parent = subscription_parent(
            of["subscription"],
            of["subscription_item"],
            invoice_item=item["id"],
            proration=item["proration"],
        )
    else:
        parent = invoice_item_parent(item["id"], of.get("subscription"))
    source = Source(
        currency=item["currency"],
        price=priced and {"id": priced["price"], "product": priced["product"]},
        parent=parent,
        subscription=of.get("subscription"),
        discounts=item["discounts"],
        tax_rates=[one["id"] for one in item["tax_rates"]],
        metadata=item["metadata"],
        discountable=item["discountable"],
    )
    part = Part(item["quantity"], item["amount"], item["pricing"]["unit_amount_decimal"])
    period = (item["period"]["start"], item["period"]["end"])
    return line(source, part, period=period, description=item["description"])


def item_of(line_: Json) -> str | None:
    parent = line_["parent"]
    found = parent[parent["type"]]["invoice_item"]
    return str(found) if found else None


def attach(ctx: Context, invoice: Json) -> None:
    """Note on the items of the lines that they are on this invoice."""
    for one in invoice["lines"]["data"]:
        if item_id := item_of(one):
            item = ctx.get("invoiceitem", item_id)
            if item["invoice"] != invoice["id"]:
                ctx.save(item | {"invoice": invoice["id"]})


def detach(ctx: Context, invoice: Json) -> None:
    """The draft goes: its items wait for another invoice again."""
    for one in invoice["lines"]["data"]:
        if item_id := item_of(one):
            ctx.save(ctx.get("invoiceitem", item_id) | {"invoice": None})
