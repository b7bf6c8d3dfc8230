"""Whether a balance, a month's usage, a page of the statement and a debit cost the same in a large ledger."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.selectors import accounts_for, transactions_for, usage_for
from apps.credits.services import credits_debit, grant_create
from apps.tenants.selectors import tenant_by_slug
from benchmarks.debits import OPERATION, declare
from benchmarks.world import ACTOR, figure, ms

SIZES = (10_000, 1_000_000)
CALLS = 300
# Debits of the last 300 days, each with its entry; and what is kept of their days.
FILL = """
WITH made AS (
    INSERT INTO credits_transaction (id, created_at, kind, amount_microcredits, idempotency_key, fingerprint,
        operation, balance_after_microcredits, actor_kind, details)
    SELECT uuidv7(-(n %% 300) * interval '1 day'), now() - (n %% 300) * interval '1 day', 'debit', 1,
        gen_random_uuid()::text, gen_random_uuid(), %(operation)s, 1, 'system', '{}'
    FROM generate_series(1, %(count)s) n
    RETURNING id, created_at
), entered AS (
    INSERT INTO credits_entry
        (transaction_id, position, debited_account_id, credited_account_id, grant_id, amount_microcredits)
    SELECT id, 1, '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000005',
        %(grant_id)s, 1
    FROM made
)
INSERT INTO credits_usageday AS kept (id, created_at, updated_at, day, operation, used_microcredits, uses)
SELECT gen_random_uuid(), now(), now(), (created_at AT TIME ZONE 'UTC')::date, %(operation)s, count(*),
    count(*)
FROM made GROUP BY 4
ON CONFLICT (day, organization_id, member_id, operation) DO UPDATE
SET used_microcredits = kept.used_microcredits + EXCLUDED.used_microcredits, uses = kept.uses + EXCLUDED.uses
"""


def run(tenants: int) -> None:
    globex = tenant_by_slug("globex")
    assert globex is not None
    declare()
    with tenant_context(globex):
        grant = grant_create(
            actor=ACTOR,
            source=GrantSource.PROMOTION,
            amount_microcredits=10**12,
            reference=uuid.uuid4().hex,
        )
        filled = 0
        for size in SIZES:
            _fill(grant.id, size - filled)
            filled = size
            for name, act in _acts().items():
                samples = _timed(act)
                figure(f"{name}, {size:,} transactions", ms(samples), f"p95 {ms(samples, 0.95)}")


def _fill(grant_id: uuid.UUID, count: int) -> None:
    with system_connection(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FILL, {"operation": OPERATION, "count": count, "grant_id": grant_id})
    with system_connection(), connection.cursor() as cursor:
        cursor.execute("ANALYZE credits_transaction, credits_entry, credits_usageday")


def _acts() -> dict[str, Callable[[], object]]:
    today = datetime.now(UTC).date()
    return {
        "the balance": lambda: list(accounts_for(ACTOR)),
        "a month's usage": lambda: usage_for(ACTOR, since=today - timedelta(days=30), until=today),
        "a page of the statement": lambda: list(transactions_for(ACTOR).order_by("-id")[:50]),
        "a debit": lambda: credits_debit(
            actor=ACTOR,
            operation=OPERATION,
            amount_microcredits=1,
            idempotency_key=uuid.uuid4().hex,
        ),
    }


def _timed(act: Callable[[], object]) -> list[float]:
    samples = []
    for _ in range(CALLS):
        began_s = time.perf_counter()
        act()
        samples.append(time.perf_counter() - began_s)
    return samples[CALLS // 10 :]
