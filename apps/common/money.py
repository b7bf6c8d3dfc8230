"""Money: an integer of the currency's smallest unit, and the currency. Never a float."""

from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language

from apps.common.errors import InvalidInput

FALLBACK = Locale.parse("en_US")


def is_currency(code: str) -> bool:
    """Whether it is a code of ISO 4217, in capitals."""
    return code in get_global("all_currencies")


@dataclass(frozen=True, slots=True)
class Money:
    """amount_minor: cents of EUR, whole JPY, fils (thousandths) of KWD. Raises ValueError."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if not is_currency(self.currency):
            raise ValueError(f"not a currency of ISO 4217: {self.currency!r}")
        if not isinstance(self.amount_minor, int) or isinstance(self.amount_minor, bool):
            raise TypeError("an amount is an integer of the smallest unit")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount_minor * times, self.currency)

    @property
    def decimals(self) -> int:
        """Of the currency: 2 for EUR, 0 for JPY, 3 for KWD."""
        return get_currency_precision(self.currency)

    @property
    def amount(self) -> Decimal:
        """In whole units, exactly: 9.90."""
        return Decimal(self.amount_minor).scaleb(-self.decimals)

    def format(self, locale: str | None = None, *, whole: bool = False) -> str:
        """As people of a locale write it: `€9.90`, `9,90 €`. locale: as Django's; None: the current one.

        whole: without decimals where there are none to show, as in lists of prices.
        """
        found = locale_of(locale)
        if whole and self.amount == self.amount.to_integral_value():
            pattern = found.currency_formats["standard"].pattern.replace(".00", "")
            return format_currency(
                self.amount, self.currency, format=pattern, locale=found, currency_digits=False
            )
        return format_currency(self.amount, self.currency, locale=found)

    def __str__(self) -> str:
        return self.format()

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")


def money_precise(amount: Decimal, currency: str, *, decimals: int = 4) -> str:
    """An amount in whole units with more digits than the currency has, as people of the current language
    write it: `€0.04`, `€0.0325`. Zeros at the end are left out down to the currency's digits.
    """
    found = locale_of(get_language() or "")
    shown = amount.quantize(Decimal(1).scaleb(-decimals))
    least = get_currency_precision(currency)
    while decimals > least and shown == shown.quantize(Decimal(1).scaleb(1 - decimals)):
        decimals -= 1
        shown = shown.quantize(Decimal(1).scaleb(-decimals))
    pattern = found.currency_formats["standard"].pattern.replace(".00", f".{'0' * decimals}")
    return format_currency(shown, currency, format=pattern, locale=found, currency_digits=False)


def money_parse(text: str, currency: str) -> Money:
    """From `9.90` as staff type it, exactly. Raises InvalidInput on field `amount`."""
    try:
        value = Decimal(text.strip())
    except ArithmeticError as error:
        raise InvalidInput.field("amount", f"“{text}” is no amount.") from error
    minor = value.scaleb(get_currency_precision(currency)) if value.is_finite() else value
    if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > 10**12:
        raise InvalidInput.field("amount", f"“{text}” is no amount of {currency}.")
    return Money(int(minor), currency)


def locale_of(language: str | None = None) -> Locale:
    """For writing numbers. language: as Django's; None: the current one."""
    try:
        return Locale.parse((language or get_language() or "").replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return FALLBACK
