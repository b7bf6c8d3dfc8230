"""What a change in the middle of a period costs: a credit for unused time, a charge for the remaining.

Stripe's page on prorations: by the second, from the period's own start and end. Metered prices are not
prorated, for they are billed afterwards; nor is a trial, which nobody paid for.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.sandbox.stripe import pricing


@dataclass(frozen=True)
class Held:
    """A subscription item as far as it costs: what it is, of which price, how many, discounted by how much.

    kept: the part of an amount that is left after discounts, from 0 to 1.
    """

    item: str
    price: dict[str, Any]
    quantity: int
    kept: Decimal = Decimal(1)

    @property
    def metered(self) -> bool:
        return bool(self.price["recurring"]["usage_type"] == "metered")

    @property
    def amount(self) -> int:
        return pricing.total(self.price, self.quantity)


@dataclass(frozen=True)
class Proration:
    """An invoice item to be. amount: negative, or 0, for a credit."""

    held: Held
    amount: int
    start: int
    end: int
    is_credit: bool


def share(amount: int, period: tuple[int, int], moment: int, kept: Decimal = Decimal(1)) -> int:
    """The part of a period's amount that is left at the moment."""
    start, end = period
    left = min(max(end - moment, 0), end - start)
    return pricing.rounded(Decimal(amount) * kept * left / (end - start))


def changes(
    before: list[Held],
    after: list[Held],
    *,
    period: tuple[int, int],
    moment: int,
    whole: bool = False,
) -> list[Proration]:
    """The prorations of a change, credits first within an item. An item that stays as it was has none.

    whole: a new period begins at the moment: all that was is credited; the new is charged as a period.
    """
    found: list[Proration] = []
    new = {held.item: held for held in after}
    for old in before:
        now = new.get(old.item)
        if whole or now is None or _differs(old, now):
            found += _part(old, period, moment, credit=True)
            if now is not None and not whole:
                found += _part(now, period, moment, credit=False)
    known = {held.item for held in before}
    if not whole:
        for held in after:
            if held.item not in known:
                found += _part(held, period, moment, credit=False)
    return found


def _differs(old: Held, new: Held) -> bool:
    return (old.price["id"], old.quantity) != (new.price["id"], new.quantity)


def _part(held: Held, period: tuple[int, int], moment: int, *, credit: bool) -> list[Proration]:
    if held.metered or not period[0] <= moment < period[1]:
        return []
    amount = share(held.amount, period, moment, held.kept)
    return [Proration(held, -amount if credit else amount, moment, period[1], credit)]
