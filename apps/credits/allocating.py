"""Credits between the wallet and budgets: lots of grants go from one account to another by entries, so that a
grant's end, refund and revocation find what is left of it wherever it lies.

Call in a transaction. Locks the grants, then the accounts.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.common.actors import Actor
from apps.credits.burning import lots_in_order, take
from apps.credits.enums import TransactionKind
from apps.credits.fingerprints import fingerprint
from apps.credits.models import Account, Grant, Lot, Transaction
from apps.credits.posting import Move, lock_accounts, lock_grants, post


def lots_locked(
    account_id: uuid.UUID, other_id: uuid.UUID
) -> tuple[dict[uuid.UUID, Account], list[Lot]]:
    """The two accounts, and what is in the first, locked until the transaction ends. Four statements.

    What comes into it meanwhile of a grant that was not there is not among it.
    """
    there = Lot.objects.filter(account_id=account_id, remaining_microcredits__gt=0)
    grants = lock_grants(there.values_list("grant_id", flat=True))
    accounts = lock_accounts([account_id, other_id])
    return accounts, list(lots_in_order([account_id]).filter(grant_id__in=grants))


def allocatable(
    lots: Iterable[Lot], now: datetime, organization_ids: frozenset[uuid.UUID]
) -> list[Lot]:
    """Those that are for what an organization's budget is for, in the order in which they are burned.

    Not those whose grant is over, is for some operations only, or for other organizations. What is not good
    yet comes last. organization_ids: the organization's, and of those above it.
    """
    fit = [
        lot
        for lot in lots
        if not is_over(lot.grant, now)
        and not lot.grant.operations
        and (
            not lot.grant.organization_ids
            or organization_ids.intersection(lot.grant.organization_ids)
        )
    ]
    return sorted(fit, key=lambda lot: lot.grant.effective_at > now)


def is_over(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is not None or (
        grant.expires_at is not None and grant.expires_at <= now
    )


def total(lots: Iterable[Lot]) -> int:
    return sum(lot.remaining_microcredits for lot in lots)


def move(
    *,
    actor: Actor,
    kind: TransactionKind,
    lots: Sequence[Lot],
    amount: int,
    to: Account,
    organization_id: uuid.UUID,
    key: str,
    print_: uuid.UUID | None = None,
    now: datetime,
    details: dict[str, object] | None = None,
) -> Transaction | None:
    """Move up to `amount` of the lots, the first ones first; None where that is nothing.

    organization_id: whose budget it is about. print_: of what was asked for; for the platform's own keys it
    follows from the key.
    """
    moves = [Move(lot.account_id, to.id, lot.grant_id, part) for lot, part in take(lots, amount)]
    if not moves:
        return None
    return post(
        actor=actor,
        kind=kind,
        moves=moves,
        idempotency_key=key,
        fingerprint=print_ or fingerprint(kind, key=key),
        balance_after=to.balance_microcredits + sum(one.amount for one in moves),
        organization_id=organization_id,
        details=details or {},
        now=now,
    )
