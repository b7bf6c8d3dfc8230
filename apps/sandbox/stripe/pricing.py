"""What a price charges for a quantity or a usage: one part a line of the invoice, in minor units.

After Stripe's pages on pricing models and tiers. Amounts are rounded once a line, half away from zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True)
class Part:
    """A line's worth. unit_amount_decimal: of one unit, as Stripe writes it; tier: from 1, or 0 if none."""

    quantity: int
    amount: int
    unit_amount_decimal: str
    tier: int = 0
    flat: bool = False


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def decimal_text(amount: Decimal) -> str:
    """As Stripe writes decimals: no exponent, no zeros at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_amount(of: dict[str, Any]) -> Decimal:
    """unit_amount_decimal where there is one, else unit_amount."""
    return _decimal(of, "unit_amount")


def charged(price: dict[str, Any], quantity: int) -> list[Part]:
    """The parts of a price for a quantity (licensed) or a usage (metered). Empty tiers have no part."""
    if price["billing_scheme"] == "tiered":
        return (_volume if price["tiers_mode"] == "volume" else _graduated)(
            price["tiers"], quantity
        )
    unit = unit_amount(price)
    units = transformed(price.get("transform_quantity"), quantity)
    return [Part(quantity, rounded(unit * units), decimal_text(unit))]


def total(price: dict[str, Any], quantity: int) -> int:
    return sum(part.amount for part in charged(price, quantity))


def transformed(transform: dict[str, Any] | None, quantity: int) -> int:
    """Packages: the quantity divided by divide_by, rounded up or down."""
    if transform is None:
        return quantity
    whole, rest = divmod(quantity, int(transform["divide_by"]))
    return whole + (1 if rest and transform["round"] == "up" else 0)


def aggregated(formula: str, values: Iterable[tuple[int, Decimal]]) -> int:
    """The usage of meter events, given as (timestamp, value): their sum, their count, or the last value.

    Whole units are billed: fractions are rounded down. Of events at one moment the later given is the last.
    """
    found = sorted(values, key=lambda pair: pair[0])
    if formula == "count":
        return len(found)
    if formula == "last":
        return int(found[-1][1]) if found else 0
    return int(sum((value for _, value in found), Decimal(0)))


def _graduated(tiers: list[dict[str, Any]], quantity: int) -> list[Part]:
    parts, below = [], 0
    for number, tier in enumerate(tiers, 1):
        upper = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        units = max(upper - below, 0)
        # The first tier's flat fee is due even where nothing was used.
        if units or number == 1:
            parts += _tier_parts(tier, units, number)
        below = max(upper, below)
        if below >= quantity:
            break
    return parts


def _volume(tiers: list[dict[str, Any]], quantity: int) -> list[Part]:
    for number, tier in enumerate(tiers, 1):
        if tier["up_to"] is None or quantity <= tier["up_to"]:
            return _tier_parts(tier, quantity, number)
    raise ValueError("The last tier has no open end.")


def _tier_parts(tier: dict[str, Any], units: int, number: int) -> list[Part]:
    unit, flat = unit_amount(tier), _decimal(tier, "flat_amount")
    parts = [Part(units, rounded(unit * units), decimal_text(unit), number)]
    if flat:
        parts.append(Part(0, rounded(flat), decimal_text(flat), number, flat=True))
    return parts


def _decimal(of: dict[str, Any], name: str) -> Decimal:
    """A null is nothing to pay; a 0 is kept apart from a null only by who reads it."""
    exact, whole = of.get(f"{name}_decimal"), of.get(name)
    return Decimal(str(exact)) if exact is not None else Decimal(whole or 0)
