"""What prices charge: the tables of Stripe's pages on pricing models, and properties of any tiers."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.sandbox.stripe.pricing import (
    Part,
    aggregated,
    charged,
    decimal_text,
    rounded,
    total,
    transformed,
)

FONTS = [
    {"up_to": 5, "unit_amount": 700, "flat_amount": None},
    {"up_to": 10, "unit_amount": 650, "flat_amount": None},
    {"up_to": None, "unit_amount": 600, "flat_amount": None},
]
# The same tiers with a fee for being in them.
FEES = [tier | {"flat_amount": fee} for tier, fee in zip(FONTS, (1000, 2000, 3000), strict=True)]


def per_unit(unit_amount: int | None, **more: Any) -> dict[str, Any]:
    return {"billing_scheme": "per_unit", "unit_amount": unit_amount, **more}


def tiered(mode: str, tiers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers, "unit_amount": None}


@pytest.mark.parametrize(
    ("fonts", "cents"), [(1, 700), (5, 3500), (6, 3900), (20, 12000), (25, 15000)]
)
def test_volume_prices_as_in_stripes_table(fonts: int, cents: int) -> None:
    assert total(tiered("volume", FONTS), fonts) == cents


@pytest.mark.parametrize(
    ("fonts", "cents"), [(1, 700), (5, 3500), (6, 4150), (20, 12750), (25, 15750)]
)
def test_graduated_prices_as_in_stripes_table(fonts: int, cents: int) -> None:
    assert total(tiered("graduated", FONTS), fonts) == cents


def test_each_tier_is_a_line_and_so_is_its_fee() -> None:
    assert charged(tiered("graduated", FEES), 12) == [
        Part(5, 3500, "700", 1),
        Part(0, 1000, "1000", 1, flat=True),
        Part(5, 3250, "650", 2),
        Part(0, 2000, "2000", 2, flat=True),
        Part(2, 1200, "600", 3),
        Part(0, 3000, "3000", 3, flat=True),
    ]
    assert charged(tiered("volume", FEES), 12) == [
        Part(12, 7200, "600", 3),
        Part(0, 3000, "3000", 3, flat=True),
    ]


def test_nothing_used_owes_the_first_tiers_fee() -> None:
    assert total(tiered("graduated", FEES), 0) == total(tiered("volume", FEES), 0) == 1000


@pytest.mark.parametrize(
    ("how", "quantity", "packages"),
    [("up", 0, 0), ("up", 1, 1), ("up", 5, 1), ("up", 6, 2), ("down", 4, 0), ("down", 9, 1)],
)
def test_packages_are_rounded(how: str, quantity: int, packages: int) -> None:
    transform = {"divide_by": 5, "round": how}
    assert transformed(transform, quantity) == packages
    assert total(per_unit(1000, transform_quantity=transform), quantity) == packages * 1000


@pytest.mark.parametrize(
    ("unit", "quantity", "cents"),
    [("0.05", 10, 1), ("0.05", 9, 0), ("0.5", 1, 1), ("1.49", 1, 1), ("0.000000000001", 10**12, 1)],
)
def test_decimals_are_rounded_once_at_the_end(unit: str, quantity: int, cents: int) -> None:
    assert total(per_unit(None, unit_amount_decimal=unit), quantity) == cents


def test_halves_are_rounded_away_from_zero_and_decimals_written_short() -> None:
    assert [rounded(Decimal(x)) for x in ("0.5", "1.5", "-0.5", "2.4999")] == [1, 2, -1, 2]
    assert [decimal_text(Decimal(x)) for x in ("700", "0.0500", "1E+3")] == ["700", "0.05", "1000"]


def test_meters_sum_count_or_keep_the_last() -> None:
    events = [(30, Decimal(7)), (10, Decimal("2.5")), (20, Decimal("2.6")), (30, Decimal(4))]
    assert aggregated("sum", events) == 16
    assert aggregated("count", events) == 4
    assert aggregated("last", events) == 4
    assert [aggregated(formula, []) for formula in ("sum", "count", "last")] == [0, 0, 0]


TIERS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=5
)


@given(TIERS, st.integers(0, 400))
def test_graduated_units_are_each_charged_once(
    drawn: list[tuple[int, int, int]], quantity: int
) -> None:
    upper, tiers = 0, []
    for number, (width, unit, flat) in enumerate(drawn, 1):
        upper += width
        last = number == len(drawn)
        tiers.append({"up_to": None if last else upper, "unit_amount": unit, "flat_amount": flat})
    parts = charged(tiered("graduated", tiers), quantity)
    assert sum(part.quantity for part in parts) == quantity
    # Unit by unit, as a person would count.
    cents = tiers[0]["flat_amount"] or 0
    entered = {0}
    for unit in range(1, quantity + 1):
        index = next(i for i, t in enumerate(tiers) if t["up_to"] is None or unit <= t["up_to"])
        cents += tiers[index]["unit_amount"] or 0
        if index not in entered:
            entered.add(index)
            cents += tiers[index]["flat_amount"] or 0
    assert sum(part.amount for part in parts) == cents
