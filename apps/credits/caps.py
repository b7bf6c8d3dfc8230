"""What members may spend in a period."""

import uuid
from datetime import date, datetime

from django.db import connection

# Only within the period in which it was counted.
GIVE_BACK = """
UPDATE credits_spendingcap SET updated_at = now(),
    spent_microcredits = greatest(0, spent_microcredits - %(amount)s)
WHERE member_id = %(member_id)s AND period_start = date_trunc(period, %(today)s::date)::date
    AND %(spent_on)s::date >= period_start
"""


def cap_give_back(member_id: uuid.UUID, amount: int, spent_at: datetime, now: datetime) -> None:
    """What was counted at `spent_at` is not spent after all. Nothing where the period is over, or no cap."""
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_BACK,
            {
                "amount": amount,
                "member_id": member_id,
                "today": _day(now),
                "spent_on": _day(spent_at),
            },
        )


def _day(moment: datetime) -> date:
    return moment.date()
