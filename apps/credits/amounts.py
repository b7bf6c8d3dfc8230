"""Credits are integers of a millionth: `amount_microcredits`. Floats never come near them."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput

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


def credits_text(microcredits: int) -> str:
    """As people read it, in credits: `1,250.5`, in the current language; without zeros at the end."""
    return number_format(
        (Decimal(microcredits) / MICROCREDITS).normalize(), use_l10n=True, force_grouping=True
    )
