"""How a catalogue is written down: what plans and add-ons cost, and what they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.billing.enums import Interval
from apps.common.entitlements import Granted, Kind, entitlements
from apps.common.errors import InvalidInput
from apps.common.money import is_currency

# Written for how many: any number.
UNLIMITED = None
# Ten years.
MOST_DAYS = 3660
Value = int | bool | None | Granted


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """amount_minor: in the currency's smallest unit: 900 for 9 EUR, 900 for 900 JPY."""

    currency: str
    interval: Interval
    amount_minor: int
    is_per_seat: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What does not change for who has it. entitlements: by code."""

    prices: tuple[PriceTerms, ...] = ()
    entitlements: Mapping[str, Granted] = field(default_factory=dict)
    trial_days: int = 0
    credits_per_period_microcredits: int = 0
    credits_rollover_microcredits: int = 0


@dataclass(frozen=True, slots=True)
class PlanDeclaration:
    code: str
    name: str
    description: str
    terms: Terms
    is_public: bool = True
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class AddOnDeclaration:
    code: str
    name: str
    description: str
    terms: Terms
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class PackDeclaration:
    """prices: by currency, of one pack, in its smallest unit. valid_days: None: they do not expire."""

    code: str
    name: str
    description: str
    credits_microcredits: int
    prices: Mapping[str, int]
    valid_days: int | None = 365
    priority: int = 50
    is_public: bool = True


def soft(value: int) -> Granted:
    """A limit that more than it is let through, and noted."""
    return Granted(value, is_soft=True)


def gives(values: Mapping[str, Value]) -> dict[str, Granted]:
    return {
        code: one if isinstance(one, Granted) else Granted(None if one is None else int(one))
        for code, one in values.items()
    }


def monthly(
    amounts: Mapping[str, int], *, is_per_seat: bool = False, months_free: int = 2
) -> tuple[PriceTerms, ...]:
    """By currency, what a month costs; a year costs that of twelve less `months_free`."""
    return tuple(
        PriceTerms(currency, interval, amount * months, is_per_seat)
        for currency, amount in amounts.items()
        for interval, months in ((Interval.MONTH, 1), (Interval.YEAR, 12 - months_free))
    )


def terms_problem(terms: Terms) -> tuple[str, str] | None:
    """What is wrong with them, as a field and for people; None: nothing."""
    if not 0 <= terms.trial_days <= 365:
        return "trial_days", "A trial has 0 to 365 days."
    if not 0 <= terms.credits_per_period_microcredits <= 10**15:
        return "credits", "Credits are 0 to 1,000,000,000."
    if not 0 <= terms.credits_rollover_microcredits <= terms.credits_per_period_microcredits:
        return "rollover", "At most the credits of a period roll over."
    if problem := _prices_problem(terms.prices):
        return "prices", problem
    for code, granted in terms.entitlements.items():
        if problem := value_problem(code, granted):
            return "entitlements", problem
    return None


def _prices_problem(prices: tuple[PriceTerms, ...]) -> str:
    seen = set()
    for price in prices:
        if not is_currency(price.currency):
            return f"{price.currency} is no currency."
        if price.interval not in Interval.values:
            return f"{price.interval} is neither month nor year."
        if not 0 <= price.amount_minor <= 10**12:
            return f"{price.amount_minor} is no amount."
        if (price.currency, price.interval) in seen:
            return f"There are two prices in {price.currency} a {price.interval}."
        seen.add((price.currency, price.interval))
    return ""


def terms_validate(terms: Terms) -> Terms:
    """Raises InvalidInput."""
    if problem := terms_problem(terms):
        raise InvalidInput.field(*problem)
    return terms


def pack_problem(pack: PackDeclaration) -> tuple[str, str] | None:
    """As terms_problem."""
    if not 1 <= pack.credits_microcredits <= 10**15:
        return "credits", f"{pack.code} has no credits."
    if pack.valid_days is not None and not 1 <= pack.valid_days <= MOST_DAYS:
        return "valid_days", f"{pack.code} is valid for 1 to {MOST_DAYS} days, or for ever."
    if not 0 <= pack.priority <= 100:
        return "priority", "Priorities are 0 to 100."
    if not pack.prices:
        return "prices", f"{pack.code} has no price."
    for currency, amount in pack.prices.items():
        if not is_currency(currency) or not 1 <= amount <= 10**12:
            return "prices", f"{amount} {currency} is no price of {pack.code}."
    return None


def value_problem(code: str, granted: Granted) -> str:
    """What is wrong with giving this of the entitlement; empty: nothing."""
    declared = entitlements().get(code)
    if declared is None:
        return f"No app declares the entitlement {code}."
    if declared.kind is Kind.BOOLEAN:
        is_right = granted.value in (0, 1) and not granted.is_soft
        return "" if is_right else f"{code} is on or off."
    if granted.value is None:
        return f"{code} has no limit that could be soft." if granted.is_soft else ""
    if not 0 <= granted.value <= 10**12:
        return f"{code} is a number from 0, or unlimited."
    return ""
