"""Credits are integers of a millionth: `amount_microcredits`. Floats never come near them."""

from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput

MICROCREDITS = 1_000_000
# A billion credits: sums of many stay far below what a bigint holds.
MAX_MICROCREDITS = 10**15


def require_amount(amount: int, attr: str = "amount_microcredits", *, least: int = 1) -> None:
    """Raises InvalidInput unless it is `least` to MAX_MICROCREDITS."""
    if (
        isinstance(amount, bool)
        or not isinstance(amount, int)
        or not least <= amount <= MAX_MICROCREDITS
    ):
        raise InvalidInput.field(
            attr,
            _("Give a whole number of microcredits from %(least)s to %(max)s.")
            % {"least": least, "max": MAX_MICROCREDITS},
        )


def credits_format(amount_microcredits: int) -> str:
    """As credits, as people of the current locale write them: `1,234.5`."""
    amount = Decimal(amount_microcredits).scaleb(-6)
    return format_decimal(amount, format="#,##0.######", locale=_locale())


def credits_parse(text: str, attr: str = "amount") -> int:
    """Microcredits from credits as people of the current locale type them, exactly. Raises InvalidInput."""
    try:
        amount = parse_decimal(text.strip(), locale=_locale(), strict=True).scaleb(6)
    except (NumberFormatError, ArithmeticError) as error:
        raise InvalidInput.field(attr, _("This is no number of credits.")) from error
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise InvalidInput.field(attr, _("Use at most six decimals."))
    if not 0 <= amount <= MAX_MICROCREDITS:
        raise InvalidInput.field(
            attr,
            _("Give 0 to %(max)s credits.") % {"max": credits_format(MAX_MICROCREDITS)},
        )
    return int(amount)


def _locale() -> Locale:
    try:
        return Locale.parse((get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
