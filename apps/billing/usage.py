"""Counting what is metered."""

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.billing.models import UsageRecord
from apps.common.ids import uuid7

# So long the same key counts nothing again. Longer than any task or delivery is repeated.
RECORD_DAYS = 62
PRUNE_BATCH = 1000

RECORD = """
WITH recorded AS (
    INSERT INTO public.billing_usagerecord (id, created_at, updated_at, tenant_id, code, key, amount)
    VALUES (%(record_id)s, now(), now(), %(tenant_id)s, %(code)s, %(key)s, %(amount)s)
    ON CONFLICT (tenant_id, code, key) DO NOTHING
    RETURNING amount
), counted AS (
    INSERT INTO public.billing_usagecounter AS counter
        (id, created_at, updated_at, tenant_id, code, period_start, used)
    SELECT %(counter_id)s, now(), now(), %(tenant_id)s, %(code)s, %(period_start)s, amount
    FROM recorded WHERE %(at_most)s::bigint IS NULL OR amount <= %(at_most)s
    ON CONFLICT (tenant_id, code, period_start) DO UPDATE
    SET used = counter.used + EXCLUDED.used, updated_at = now()
    WHERE %(at_most)s::bigint IS NULL OR counter.used + EXCLUDED.used <= %(at_most)s
    RETURNING used
)
SELECT (SELECT count(*) FROM recorded), (SELECT used FROM counted)
"""
FORGET = "DELETE FROM public.billing_usagerecord WHERE id = %s"


class OverLimit(Exception):
    """It is above the limit, and nothing was counted."""


def usage_record(
    *,
    tenant_id: uuid.UUID,
    code: str,
    key: str,
    amount: int,
    period_start: datetime,
    at_most: int | None,
) -> int | None:
    """Count once by key; what is used then, None where it was counted before. One statement.

    Others with the same key wait for the transaction to end, and so do others that count. Raises
    OverLimit, by a statement more.
    """
    record_id = uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD,
            {
                "record_id": record_id,
                "counter_id": uuid7(),
                "tenant_id": tenant_id,
                "code": code,
                "key": key,
                "amount": amount,
                "period_start": period_start,
                "at_most": at_most,
            },
        )
        is_new, used = cursor.fetchone()
        if not is_new:
            return None
        if used is None:
            cursor.execute(FORGET, [record_id])
            raise OverLimit
        return int(used)


@transaction.atomic
def usage_records_prune() -> int:
    """Delete a batch of records whose keys nobody sends again; how many. For the system."""
    before = timezone.now() - timedelta(days=RECORD_DAYS)
    batch = UsageRecord.objects.filter(created_at__lt=before).order_by("created_at")
    ids = list(batch.values_list("id", flat=True)[:PRUNE_BATCH])
    UsageRecord.objects.filter(id__in=ids).delete()
    return len(ids)
