"""Credits are integers of a millionth: `amount_microcredits`. Floats never come near them."""

from decimal import Decimal

from babel.numbers import format_decimal
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.common.money import locale_of

MICROCREDITS = 1_000_000
# A billion credits: sums of many stay far below what a bigint holds.
MAX_MICROCREDITS = 10**15


def require_amount(amount: int, attr: str = "amount_microcredits") -> None:
    """Raises InvalidInput unless it is 1 to MAX_MICROCREDITS."""
    if (
        isinstance(amount, bool)
        or not isinstance(amount, int)
        or not 1 <= amount <= MAX_MICROCREDITS
    ):
        raise InvalidInput.field(
            attr,
            _("Give a whole number of microcredits from 1 to %(max)s.") % {"max": MAX_MICROCREDITS},
        )


def credits_format(amount: int, *, signed: bool = False, locale: str | None = None) -> str:
    """Microcredits as people of a locale write credits, exactly: `1,234.5`. locale: None: the current one.

    signed: with a plus, too.
    """
    sign = "\N{MINUS SIGN}" if amount < 0 else "+" if signed and amount > 0 else ""
    value = Decimal(abs(amount)).scaleb(-6)
    return sign + str(format_decimal(value, format="#,##0.######", locale=locale_of(locale)))


def microcredits_of(value: Decimal) -> int:
    """Of credits as people type them. Raises ValueError for a part of a millionth."""
    amount = value.scaleb(6)
    if amount != amount.to_integral_value():
        raise ValueError("a microcredit has no parts")
    return int(amount)
