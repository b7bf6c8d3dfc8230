"""What was used on a day: kept with the spending, as ledger_spend does it."""

from django.db import connection

from apps.common.ids import uuid7
from apps.credits.models import Transaction

ADD = """
INSERT INTO credits_usageday AS kept (id, created_at, updated_at, day, organization_id, member_id, operation,
    used_microcredits, uses)
VALUES (%(id)s, now(), now(), (%(at)s AT TIME ZONE 'UTC')::date, %(organization_id)s, %(member_id)s,
    %(operation)s, %(amount)s, %(uses)s)
ON CONFLICT (day, organization_id, member_id, operation) DO UPDATE
SET used_microcredits = kept.used_microcredits + EXCLUDED.used_microcredits, uses = kept.uses + EXCLUDED.uses,
    updated_at = now()
"""


def usage_add(done: Transaction, amount: int, *, uses: int) -> None:
    """Count a transaction's spending on its day. amount, uses: below 0 for what is refunded."""
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            {
                "id": uuid7(),
                "at": done.created_at,
                "organization_id": done.organization_id,
                "member_id": done.member_id,
                "operation": done.operation,
                "amount": amount,
                "uses": uses,
            },
        )
