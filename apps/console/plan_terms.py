"""Terms of a plan as staff see them in tables, and as they type them, line by line."""

from collections.abc import Iterable, Sequence

from apps.billing.declarations import PriceTerms, Terms
from apps.billing.enums import Interval
from apps.billing.models import PlanEntitlement, PlanVersion, Price
from apps.common.entitlements import Granted, entitlements
from apps.common.errors import InvalidInput
from apps.common.money import is_currency, money_parse
from apps.console.pages import Cell, Table

PER_SEAT, SOFT, UNLIMITED = "per-seat", "soft", "unlimited"
VALUES = {"on": 1, "off": 0, UNLIMITED: None}


def prices_table(prices: Iterable[Price], title: str = "Prices") -> Table:
    return Table(
        title,
        ("Amount", "Paid", "For", "Stripe"),
        [
            (
                one.money.format(),
                str(one.get_interval_display()),
                "each seat" if one.is_per_seat else "the whole",
                one.stripe_price_id or "–",
            )
            for one in prices
        ],
        empty="It has no price: on request.",
    )


def entitlements_table(rows: Iterable[PlanEntitlement], title: str = "Includes") -> Table:
    return Table(
        title,
        ("Entitlement", "Value", "Above it"),
        [
            (
                one.code,
                granted_words(one.code, Granted(one.value, one.is_soft)),
                above_words(one.code, Granted(one.value, one.is_soft)),
            )
            for one in rows
        ],
        empty="It says nothing: what apps declare as default holds.",
    )


def granted_words(code: str, granted: Granted) -> Cell:
    """A value in words: on, off, a number, or unlimited."""
    if granted.value is None:
        return UNLIMITED
    known = entitlements().get(code)
    if known is None or known.unit:
        return f"{granted.value:,}"
    return "on" if granted.value else "off"


def above_words(code: str, granted: Granted) -> str:
    """What becomes of more than that."""
    known = entitlements().get(code)
    if granted.value is None or (known is not None and not known.unit):
        return "–"
    return "let through" if granted.is_soft else "refused"


def terms_text(version: PlanVersion | None) -> dict[str, str]:
    """What a form begins with, for the next version."""
    if version is None:
        return {
            "entitlements": "\n".join(f"{code} unlimited" for code in entitlements()),
        }
    prices = [
        f"{one.currency} {one.interval} {one.money.amount:f}{f' {PER_SEAT}' if one.is_per_seat else ''}"
        for one in version.prices.order_by("currency", "interval")
    ]
    given = [
        f"{one.code} {_typed(one)}{f' {SOFT}' if one.is_soft else ''}"
        for one in version.planentitlements.order_by("code")
    ]
    return {
        "prices": "\n".join(prices),
        "entitlements": "\n".join(given),
        "trial_days": str(version.trial_days),
        "credits": str(version.credits_per_period_microcredits // 1_000_000),
        "rollover": str(version.credits_rollover_microcredits // 1_000_000),
    }


def prices_read(text: str) -> tuple[PriceTerms, ...]:
    """Lines as `EUR month 9.00 per-seat`. Raises InvalidInput on field `prices`."""
    found = []
    for line in _lines(text):
        words = line.split()
        is_per_seat = words[-1] == PER_SEAT
        words = words[:-1] if is_per_seat else words
        if len(words) != 3 or not is_currency(words[0]) or words[1] not in Interval.values:
            raise _wrong("prices", line, "EUR month 9.00 per-seat")
        try:
            money = money_parse(words[2], words[0])
        except InvalidInput as error:
            raise _wrong("prices", line, "EUR month 9.00 per-seat") from error
        found.append(PriceTerms(words[0], Interval(words[1]), money.amount_minor, is_per_seat))
    return tuple(found)


def entitlements_read(text: str) -> dict[str, Granted]:
    """Lines as `organizations.seats 20 soft`. Raises InvalidInput on field `entitlements`."""
    found: dict[str, Granted] = {}
    for line in _lines(text):
        words = line.split()
        is_soft = words[-1] == SOFT
        words = words[:-1] if is_soft else words
        if len(words) != 2 or words[0] in found:
            raise _wrong("entitlements", line, "organizations.seats 20 soft")
        found[words[0]] = Granted(value_read(words[1], "entitlements"), is_soft)
    return found


def value_read(text: str, field: str) -> int | None:
    """Raises InvalidInput on the field."""
    text = text.strip()
    if text in VALUES:
        return VALUES[text]
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise InvalidInput.field(
            field, f"“{text}” is no number from 0, nor on, off or {UNLIMITED}."
        )
    return int(text)


def terms_read(data: dict[str, object]) -> Terms:
    """From the form. Raises InvalidInput."""
    return Terms(
        prices_read(str(data["prices"])),
        entitlements_read(str(data["entitlements"])),
        int(str(data["trial_days"] or 0)),
        int(str(data["credits"] or 0)) * 1_000_000,
        int(str(data["rollover"] or 0)) * 1_000_000,
    )


def _typed(one: PlanEntitlement) -> str:
    if one.value is None:
        return UNLIMITED
    known = entitlements().get(one.code)
    if known is not None and not known.unit:
        return "on" if one.value else "off"
    return str(one.value)


def _lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _wrong(field: str, line: str, example: str) -> InvalidInput:
    return InvalidInput.field(
        field, f"“{line[:100]}” is not understood. Write lines as “{example}”."
    )
