"""The one way besides `ledger_spend` in which entries come about: a transaction with all that it moves.

Call in a transaction, with the accounts locked (`lock_accounts`) from which what is moved was read.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import IdempotencyConflict
from apps.common.ids import uuid7
from apps.common.tenancy import require_tenant
from apps.credits.enums import COUNTER_IDS, TransactionKind
from apps.credits.live import tell_balance
from apps.credits.models import Account, Entry, Grant, Transaction

TAKE_FROM_LOTS = """
UPDATE credits_lot AS lot
SET remaining_microcredits = lot.remaining_microcredits - given.amount, updated_at = now()
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS given (account_id, grant_id, amount)
WHERE lot.account_id = given.account_id AND lot.grant_id = given.grant_id
"""
ADD_TO_LOTS = """
INSERT INTO credits_lot AS lot (id, created_at, updated_at, account_id, grant_id, remaining_microcredits)
SELECT id, now(), now(), account_id, grant_id, amount
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[]) AS given (id, account_id, grant_id, amount)
ON CONFLICT (account_id, grant_id) DO UPDATE
SET remaining_microcredits = lot.remaining_microcredits + EXCLUDED.remaining_microcredits, updated_at = now()
"""
# As ledger_spend: since when the balance is low stays, until it is not low any more.
CHANGE_BALANCES = """
UPDATE credits_account AS account
SET balance_microcredits = account.balance_microcredits + given.amount, updated_at = now(),
    low_at = CASE WHEN account.balance_microcredits + given.amount < account.alert_below_microcredits
        THEN coalesce(account.low_at, now()) END
FROM unnest(%s::uuid[], %s::bigint[]) AS given (id, amount)
WHERE account.id = given.id
"""

# All that the organizations can spend from: as the chain of ledger_spend, or more.
LOCK_SPENDABLE = """
SELECT a.id FROM credits_account a
WHERE a.kind = 'wallet' OR a.organization_id IN (
    SELECT above.id FROM organizations_organization of
    CROSS JOIN generate_series(4, length(of.path), 4) AS cut
    JOIN organizations_organization above ON above.path = substr(of.path, 1, cut)
    WHERE of.id = ANY (%s::uuid[])
)
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
LOCK_CAPS = """
SELECT c.id FROM credits_spendingcap c WHERE c.member_id = ANY (%s::uuid[])
ORDER BY c.member_id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Move:
    """An amount (> 0) of a grant from one account to another."""

    debited_id: uuid.UUID
    credited_id: uuid.UUID
    grant_id: uuid.UUID
    amount: int


def lock_accounts(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """Lock until the transaction ends. One statement.

    The order is always: keys, holds, grants, accounts, spending caps; of each kind the smallest id first.
    """
    locked = Account.objects.filter(id__in=set(ids)).order_by("id")
    return {one.id: one for one in locked.select_for_update(no_key=True)}


def lock_spendable(organization_ids: Iterable[uuid.UUID], member_ids: Iterable[uuid.UUID]) -> None:
    """Lock what spending at these organizations and by these members may lock, before several such.

    Two statements, one without members.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SPENDABLE, [list(organization_ids)])
        if members := list(member_ids):
            cursor.execute(LOCK_CAPS, [members])


def lock_grants(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Grant]:
    """Whoever gives credits back to a grant waits for who ends it, and the other way round. One statement."""
    locked = Grant.objects.filter(id__in=set(ids)).order_by("id")
    return {one.id: one for one in locked.select_for_update(no_key=True)}


def lock_key(key: str) -> None:
    """Let nobody else use the key until the transaction ends: for writes of several accounts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1918))", [_scoped(key)])


def _scoped(key: str) -> str:
    """Advisory locks are the database's, keys a tenant's."""
    return f"{require_tenant().schema_name}:{key}"


def post(
    *,
    actor: Actor,
    kind: TransactionKind,
    moves: Sequence[Move],
    idempotency_key: str,
    fingerprint: uuid.UUID,
    balance_after: int,
    amount: int | None = None,
    now: datetime | None = None,
    **fields: Any,
) -> Transaction:
    """Write a transaction, its entries, and what they change. Five statements at most.

    amount: of the transaction; the sum of the moves unless given. fields: further ones of Transaction. The
    database refuses a balance or a lot below 0 (IntegrityError). Raises IdempotencyConflict for a key that
    another transaction has.
    """
    done = Transaction(
        id=fields.pop("id", None) or uuid7(),
        created_at=now or timezone.now(),
        kind=kind,
        amount_microcredits=sum(move.amount for move in moves) if amount is None else amount,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        balance_after_microcredits=balance_after,
        actor_kind=actor.kind,
        actor_id=actor.person_id or actor.api_key_id,
        **fields,
    )
    try:
        done.save(force_insert=True)
    except IntegrityError as error:
        if "idempotency_key" in str(error):
            # A spending took it meanwhile, which waits for nobody's lock.
            raise IdempotencyConflict from error
        raise
    Entry.objects.bulk_create(
        [
            Entry(
                transaction=done,
                position=position,
                debited_account_id=move.debited_id,
                credited_account_id=move.credited_id,
                grant_id=move.grant_id,
                amount_microcredits=move.amount,
            )
            for position, move in enumerate(moves, start=1)
        ]
    )
    _apply(moves)
    tell_balance()
    return done


def _apply(moves: Sequence[Move]) -> None:
    lots: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
    balances: dict[uuid.UUID, int] = defaultdict(int)
    for move in moves:
        for account_id, amount in (
            (move.debited_id, -move.amount),
            (move.credited_id, move.amount),
        ):
            if account_id not in COUNTER_IDS:
                lots[account_id, move.grant_id] += amount
                balances[account_id] += amount
    less = [(*key, -amount) for key, amount in lots.items() if amount < 0]
    more = [(uuid7(), *key, amount) for key, amount in lots.items() if amount > 0]
    _run(TAKE_FROM_LOTS, less)
    _run(ADD_TO_LOTS, more)
    _run(CHANGE_BALANCES, [one for one in balances.items() if one[1]])


def _run(statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        if cursor.rowcount != len(rows):
            raise LookupError("what is to change does not exist")
