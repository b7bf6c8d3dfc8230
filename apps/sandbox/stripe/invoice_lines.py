"""Lines of invoices, and what they add up to (https://docs.stripe.com/api/invoice-line-item)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.sandbox.stripe import discounting, pricing
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.pricing import Part

Json = dict[str, Any]
# https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset(
    {
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"),
    }
)


@dataclass(frozen=True)
class Source:
    """Where a line comes from: a subscription item or an invoice item. discounts, tax_rates: its own ids."""

    currency: str
    price: Json | None
    parent: Json
    subscription: str | None = None
    discounts: list[str] = field(default_factory=list)
    tax_rates: list[str] = field(default_factory=list)
    metadata: Json = field(default_factory=dict)
    discountable: bool = True


@dataclass(frozen=True)
class Rules:
    """What holds for all lines of an invoice, as ids in their order, and what the ids stand for.

    tax_rates: of lines that have none of their own. coupons: by the id of the discount.
    """

    discounts: list[str] = field(default_factory=list)
    tax_rates: list[str] = field(default_factory=list)
    coupons: dict[str, Json] = field(default_factory=dict)
    rates: dict[str, Json] = field(default_factory=dict)


def line(source: Source, part: Part, *, period: tuple[int, int], description: str | None) -> Json:
    """A line that is not yet on an invoice, before discounts and taxes."""
    price = source.price
    priced = price and {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": part.unit_amount_decimal,
    }
    return {
        "id": random_id("il_"),
        "object": "line_item",
        "amount": part.amount,
        "currency": source.currency,
        "description": description,
        "discount_amounts": [],
        "discountable": source.discountable,
        "discounts": source.discounts,
        "invoice": None,
        "livemode": False,
        "metadata": source.metadata,
        "parent": source.parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": priced,
        "quantity": part.quantity,
        "quantity_decimal": str(part.quantity),
        "subscription": source.subscription,
        "subtotal": part.amount,
        "taxes": [],
        "_tax_rates": source.tax_rates,
    }


def subscription_parent(
    subscription: str, item: str, *, invoice_item: str | None = None, proration: bool = False
) -> Json:
    details = {
        "invoice_item": invoice_item,
        "proration": proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription,
        "subscription_item": item,
    }
    return _parent("subscription_item_details", details)


def invoice_item_parent(invoice_item: str, subscription: str | None) -> Json:
    details = {
        "invoice_item": invoice_item,
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": subscription,
    }
    return _parent("invoice_item_details", details)


def _parent(kind: str, details: Json) -> Json:
    both = {"invoice_item_details": None, "subscription_item_details": None}
    return both | {kind: details, "type": kind}


def settle(lines: list[Json], rules: Rules) -> None:
    """Write discounts and taxes onto the lines (in place)."""
    left = [one["amount"] for one in lines]
    for one in lines:
        one["discount_amounts"], one["taxes"] = [], []
    for index, one in enumerate(lines):
        for discount in one["discounts"]:
            _take(rules.coupons[discount], discount, lines, left, only=index)
    for discount in rules.discounts:
        _take(rules.coupons[discount], discount, lines, left)
    for one, amount in zip(lines, left, strict=True):
        rates = one["_tax_rates"] or rules.tax_rates
        one["taxes"] = [_tax(rules.rates[rate], amount) for rate in rates]
        one["pretax_credit_amounts"] = [
            off | {"type": "discount"} for off in one["discount_amounts"]
        ]


def _take(
    coupon: Json, discount_id: str, lines: list[Json], left: list[int], *, only: int | None = None
) -> None:
    open_to = [
        amount if one["discountable"] and only in {None, index} else 0
        for index, (one, amount) in enumerate(zip(lines, left, strict=True))
    ]
    for index, off in enumerate(discounting.taken_off(coupon, open_to, _products(lines))):
        if open_to[index] or off:
            left[index] -= off
            lines[index]["discount_amounts"].append({"amount": off, "discount": discount_id})


def _products(lines: list[Json]) -> list[str | None]:
    return [(one["pricing"] or {}).get("price_details", {}).get("product") for one in lines]


def _tax(rate: Json, amount: int) -> Json:
    tax = discounting.tax(rate, amount)
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": amount - tax if rate["inclusive"] else amount,
        "type": "tax_rate_details",
    }


def totals(lines: list[Json]) -> Json:
    """The invoice's subtotal, total and what is between them."""
    subtotal = sum(one["amount"] for one in lines)
    discounts = _sums(
        (d["discount"], d["amount"]) for one in lines for d in one["discount_amounts"]
    )
    off = sum(discounts.values())
    taxes = _total_taxes(lines)
    inclusive = sum(t["amount"] for t in taxes if t["tax_behavior"] == "inclusive")
    exclusive = sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")
    amounts = [{"amount": amount, "discount": one} for one, amount in discounts.items()]
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(map(_inclusive_before_discounts, lines)),
        "total": subtotal - off + exclusive,
        "total_discount_amounts": amounts,
        "total_excluding_tax": subtotal - off - inclusive,
        "total_pretax_credit_amounts": [one | {"type": "discount"} for one in amounts],
        "total_taxes": taxes,
    }


def _inclusive_before_discounts(one: Json) -> int:
    """Stripe's subtotal_excluding_tax is of the amounts before discounts."""
    found = [t for t in one["taxes"] if t["tax_behavior"] == "inclusive"]
    off = sum(d["amount"] for d in one["discount_amounts"])
    left = one["amount"] - off
    if not left:
        return 0
    return pricing.rounded(Decimal(sum(t["amount"] for t in found)) * one["amount"] / left)


def _total_taxes(lines: list[Json]) -> list[Json]:
    found: dict[str, Json] = {}
    for tax in (t for one in lines for t in one["taxes"]):
        rate = tax["tax_rate_details"]["tax_rate"]
        if rate not in found:
            found[rate] = tax | {"amount": 0, "taxable_amount": 0}
        for name in ("amount", "taxable_amount"):
            found[rate][name] += tax[name]
    return list(found.values())


def _sums(pairs: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, amount in pairs:
        found[key] = found.get(key, 0) + amount
    return found


def money(amount: int, currency: str) -> str:
    """For descriptions: $10.00, or the amount and its currency."""
    places = 0 if currency in ZERO_DECIMAL else 2
    text = f"{Decimal(abs(amount)).scaleb(-places):,.{places}f}"
    sign = "-" if amount < 0 else ""
    symbol = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency.upper()}"


def each(unit_amount_decimal: str, currency: str) -> str:
    """A unit's price, whose cents may have fractions."""
    amount = Decimal(unit_amount_decimal)
    if amount == amount.to_integral_value():
        return money(int(amount), currency)
    symbol = {"usd": "$", "eur": "€", "gbp": "£"}.get(currency, f"{currency.upper()} ")
    return f"{symbol}{pricing.decimal_text(amount.scaleb(0 if currency in ZERO_DECIMAL else -2))}"


def described(part: Part, price: Json, product_name: str) -> str:
    """As on Stripe's invoices: `3 × Business (at $20.00 / month)`, with tiers `… (Tier 1 at …)`."""
    rate = each(part.unit_amount_decimal, price["currency"])
    per = interval_text(price)
    if part.tier:
        at = (
            f"Tier {part.tier} at {rate}"
            if not part.flat
            else f"Tier {part.tier} at {rate} flat fee"
        )
        return f"{part.quantity if not part.flat else 1} × {product_name} ({at} / {per})"
    return f"{part.quantity} × {product_name} (at {rate} / {per})"


def interval_text(price: Json) -> str:
    recurring = price["recurring"]
    unit, count = recurring["interval"], recurring["interval_count"]
    return unit if count == 1 else f"every {count} {unit}s"
