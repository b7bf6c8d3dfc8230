"""What costs credits: operations are declared by the apps that carry them out, with what they cost.

A rate is never changed; another one follows it from a moment on, and a transaction says by which it was
priced. So what an operation costs can be read here, without a statement.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.credits.amounts import MAX_MICROCREDITS

MAX_QUANTITY = 10**12


@dataclass(frozen=True, slots=True)
class Tier:
    """What each unit costs, up to and with the unit up_to of one use; None: all further ones."""

    up_to: int | None
    microcredits: int


@dataclass(frozen=True, slots=True)
class Rate:
    """version: from 1. since: from when on (UTC). tiers: graduated, of the quantity of one use.

    per: for how many units a tier's price is, e.g. 1,000 tokens; parts are rounded up over the whole use.
    minimum_microcredits: a use costs no less.
    """

    version: int
    since: datetime
    tiers: tuple[Tier, ...]
    per: int = 1
    minimum_microcredits: int = 0

    def amount(self, quantity: int) -> int:
        """Microcredits. Each tier prices the part of the quantity that lies in it."""
        total = 0
        below = 0
        for tier in self.tiers:
            upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += max(0, upper - below) * tier.microcredits
            below = max(below, upper)
        return max(-(-total // self.per), self.minimum_microcredits)


@dataclass(frozen=True, slots=True)
class Operation:
    """code: `app.thing`, never renamed: the ledger keeps it. unit: what a quantity counts, in the plural."""

    code: str
    label: str | Promise
    description: str | Promise
    unit: str | Promise
    rates: tuple[Rate, ...]

    def rate(self, at: datetime) -> Rate:
        """The one that holds at the moment. Before the first, the first."""
        held = [one for one in self.rates if one.since <= at]
        return max(held or self.rates[:1], key=lambda one: one.since)


@dataclass(frozen=True, slots=True)
class Price:
    amount_microcredits: int
    rate_version: int


_operations: dict[str, Operation] = {}


def register_operations(operations: Iterable[Operation]) -> None:
    """From an app's AppConfig.ready(). Raises ImproperlyConfigured for what does not go together."""
    for one in operations:
        _require_sound(one)
        if _operations.setdefault(one.code, one) != one:
            raise ImproperlyConfigured(f"operation {one.code} is declared twice")


def operations() -> Mapping[str, Operation]:
    """By code, in the order of the codes."""
    return MappingProxyType(dict(sorted(_operations.items())))


def operation(code: str) -> Operation:
    """Raises InvalidInput, which names those that there are."""
    found = _operations.get(code)
    if found is None:
        raise InvalidInput.field(
            "operation",
            _("There is no operation “%(code)s”. There are: %(codes)s.")
            % {"code": code[:80], "codes": ", ".join(sorted(_operations)) or "–"},
            code="unknown_operation",
        )
    return found


def price(code: str, quantity: int, at: datetime) -> Price:
    """What so much of it costs at the moment. Raises InvalidInput."""
    found = operation(code)
    if isinstance(quantity, bool) or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput.field(
            "quantity", _("Give a whole number from 1 to %(max)s.") % {"max": MAX_QUANTITY}
        )
    rate = found.rate(at)
    amount = rate.amount(quantity)
    if amount > MAX_MICROCREDITS:
        raise InvalidInput.field("quantity", _("This is more than can be spent at once."))
    return Price(amount, rate.version)


def _require_sound(one: Operation) -> None:
    app, _dot, thing = one.code.partition(".")
    if not (app and thing) or len(one.code) > 80:
        raise ImproperlyConfigured(f"operation {one.code!r}: the code is `app.thing`")
    if [rate.version for rate in one.rates] != list(range(1, len(one.rates) + 1)) or not one.rates:
        raise ImproperlyConfigured(f"operation {one.code}: versions are numbered from 1")
    if list(one.rates) != sorted(one.rates, key=lambda rate: rate.since):
        raise ImproperlyConfigured(f"operation {one.code}: rates are in the order of `since`")
    for rate in one.rates:
        *inner, last = [tier.up_to for tier in rate.tiers] or [0]
        rising = [up_to for up_to in inner if up_to is not None]
        if last is not None or len(rising) != len(inner) or rising != sorted(set(rising)):
            raise ImproperlyConfigured(f"operation {one.code}: tiers rise, and the last has no end")
        if (
            rate.per < 1
            or rate.minimum_microcredits < 0
            or any(t.microcredits < 0 for t in rate.tiers)
        ):
            raise ImproperlyConfigured(f"operation {one.code}: amounts are not below 0")
