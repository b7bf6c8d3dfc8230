"""Prorations, coupons and taxes: Stripe's examples, and that nothing is lost or charged twice."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.sandbox.stripe.discounting import kept, live, runs_until, split, taken_off, tax
from apps.sandbox.stripe.proration import Held, changes, share

PERIOD = (0, 30 * 86_400)
HALF = 15 * 86_400


def price(cents: int, name: str = "", usage_type: str = "licensed") -> dict[str, Any]:
    recurring = {"interval": "month", "interval_count": 1, "usage_type": usage_type}
    scheme = {"billing_scheme": "per_unit", "unit_amount": cents, "recurring": recurring}
    return {"id": name or f"price_{cents}", **scheme}


def coupon(**values: Any) -> dict[str, Any]:
    return {"percent_off": None, "amount_off": None, "duration_in_months": None} | values


def amounts(before: list[Held], after: list[Held], moment: int, **more: bool) -> list[int]:
    return [p.amount for p in changes(before, after, period=PERIOD, moment=moment, **more)]


def test_an_upgrade_halfway_as_on_stripes_page() -> None:
    ten, twenty = Held("si_1", price(1000), 1), Held("si_1", price(2000), 1)
    found = changes([ten], [twenty], period=PERIOD, moment=HALF)
    assert [(p.amount, p.start, p.end, p.is_credit) for p in found] == [
        (-500, HALF, PERIOD[1], True),
        (1000, HALF, PERIOD[1], False),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((5, 1000), (7, 1000), [-2500, 3500]),  # seats added
        ((7, 1000), (5, 1000), [-3500, 2500]),  # seats taken away: a credit on balance
        ((5, 1000), (5, 1000), []),  # nothing changed
        ((1, 0), (1, 1000), [0, 500]),
    ],
)
def test_changes_halfway(
    before: tuple[int, int], after: tuple[int, int], expected: list[int]
) -> None:
    old, new = (Held("si_1", price(cents), many) for many, cents in (before, after))
    assert amounts([old], [new], HALF) == expected


def test_items_that_come_go_or_stay() -> None:
    stays, goes, comes = (
        Held(f"si_{n}", price(cents), 1) for n, cents in enumerate((100, 1000, 600))
    )
    assert amounts([stays, goes], [stays, comes], HALF) == [-500, 300]
    assert amounts([stays, goes], [], HALF) == [-50, -500]  # a cancel


def test_a_new_period_credits_all_and_charges_nothing_here() -> None:
    old, yearly = Held("si_1", price(1000), 3), Held("si_1", price(9000, "yearly"), 3)
    assert amounts([old], [yearly], HALF, whole=True) == [-1500]


def test_metered_prices_and_moments_outside_are_not_prorated() -> None:
    metered = Held("si_1", price(10, usage_type="metered"), 1000)
    assert amounts([metered], [], HALF) == []
    assert amounts([Held("si_1", price(1000), 1)], [], PERIOD[1]) == []


def test_prorations_are_of_the_discounted_amount() -> None:
    (part,) = kept([coupon(percent_off=20.0)], [1000], ["prod_1"])
    assert amounts([Held("si_1", price(1000), 1, part)], [], HALF) == [-400]


@given(
    st.integers(0, 10**7),
    st.integers(1, 400 * 86_400),
    st.lists(st.integers(0, 400 * 86_400), max_size=6),
)
def test_what_was_charged_and_credited_back_is_what_was_used(
    cents: int, length: int, moments: list[int]
) -> None:
    """However often a quantity changes to and fro, each pair of share() cancels to the unit."""
    period = (0, length)
    one, two = Held("si_1", price(cents), 1), Held("si_1", price(cents), 2)
    now, paid = one, cents
    for moment in sorted(m for m in moments if m < length):
        other = two if now is one else one
        paid += sum(p.amount for p in changes([now], [other], period=period, moment=moment))
        now = other
    assert 0 <= paid <= 2 * cents + len(moments)


@given(st.integers(0, 10**9), st.integers(1, 10**8), st.integers(-5, 2 * 10**8))
def test_a_share_is_never_more_than_the_whole(cents: int, length: int, moment: int) -> None:
    assert 0 <= share(cents, (0, length), moment) <= cents


def test_coupons_take_off_percent_or_amount() -> None:
    products: list[str | None] = ["prod_1", "prod_2", None]
    assert taken_off(coupon(percent_off=25.0), [1000, 333, -50], products) == [250, 83, 0]
    assert taken_off(coupon(amount_off=400), [1000, 1000, 0], products) == [200, 200, 0]
    assert taken_off(coupon(amount_off=5000), [1000, 1000, 0], products) == [1000, 1000, 0]
    only = coupon(percent_off=100.0, applies_to={"products": ["prod_2"]})
    assert taken_off(only, [1000, 333, 7], products) == [0, 333, 0]


def test_how_long_a_coupon_runs() -> None:
    repeating = coupon(duration="repeating", duration_in_months=3)
    start = 1_801_353_600  # 31 January 2027
    assert runs_until(repeating, start) == 1_809_043_200  # 30 April
    assert runs_until(coupon(duration="once"), start) is None
    assert live({"end": 10}, 9)
    assert not live({"end": 10}, 10)
    assert live({"end": None}, 10**12)


def test_taxes_on_top_and_within() -> None:
    assert tax({"percentage": 19.0, "inclusive": False}, 10_000) == 1900
    assert tax({"percentage": 19.0, "inclusive": True}, 11_900) == 1900
    assert tax({"percentage": 7.75, "inclusive": False}, 999) == 77
    assert tax({"percentage": 20, "inclusive": False}, -500) == -100


def test_two_coupons_one_after_the_other() -> None:
    both = [coupon(percent_off=50.0), coupon(amount_off=100)]
    assert kept(both, [1000, 0], ["a", "b"]) == [Decimal("0.4"), Decimal(1)]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_a_split_adds_up(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)
