"""Coupons and taxes on the lines of an invoice, in minor units; what is split adds up to what it was."""

from decimal import Decimal
from typing import Any

from apps.sandbox.stripe.billing_periods import add_months
from apps.sandbox.stripe.pricing import rounded


def runs_until(coupon: dict[str, Any], start: int) -> int | None:
    """The end of a discount that starts then: none for once and forever."""
    months = coupon["duration_in_months"]
    return add_months(start, months) if coupon["duration"] == "repeating" else None


def live(discount: dict[str, Any], moment: int) -> bool:
    return discount["end"] is None or moment < discount["end"]


def split(amount: int, weights: list[int]) -> list[int]:
    """An amount in parts as the weights are, without a unit lost: the largest remainders get what is over."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [divmod(amount * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in exact]
    order = sorted(range(len(weights)), key=lambda i: (-exact[i][1], i))
    for index in order[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def taken_off(coupon: dict[str, Any], amounts: list[int], products: list[str | None]) -> list[int]:
    """What a coupon takes off each line. Credits are not discounted; no line falls below zero."""
    only = (coupon.get("applies_to") or {}).get("products")
    weights = [
        max(amount, 0) if only is None or product in only else 0
        for amount, product in zip(amounts, products, strict=True)
    ]
    if coupon["percent_off"] is not None:
        off = rounded(Decimal(sum(weights)) * Decimal(str(coupon["percent_off"])) / 100)
    else:
        off = min(coupon["amount_off"], sum(weights))
    return split(off, weights)


def kept(
    coupons: list[dict[str, Any]], amounts: list[int], products: list[str | None]
) -> list[Decimal]:
    """The part of each line that is left after the coupons, one after the other: what is prorated."""
    left = list(amounts)
    for coupon in coupons:
        left = [a - off for a, off in zip(left, taken_off(coupon, left, products), strict=True)]
    return [
        Decimal(rest) / amount if amount > 0 else Decimal(1)
        for rest, amount in zip(left, amounts, strict=True)
    ]


def tax(rate: dict[str, Any], amount: int) -> int:
    """The tax of one rate on a discounted amount; of inclusive rates the part of it that is tax."""
    percentage = Decimal(str(rate["percentage"]))
    if rate["inclusive"]:
        return rounded(Decimal(amount) * percentage / (100 + percentage))
    return rounded(Decimal(amount) * percentage / 100)
