"""Credits are integers of a millionth: `amount_microcredits`. Floats never come near them."""

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
