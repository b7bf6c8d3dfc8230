"""Credits that come in, and what becomes of the rest."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.common.ids import uuid7
from apps.credits.amounts import require_amount
from apps.credits.enums import (
    ADJUSTMENTS_ID,
    BREAKAGE_ID,
    GRANTS_ID,
    SALES_ID,
    WALLET_ID,
    GrantSource,
    TransactionKind,
)
from apps.credits.events import Granted, GrantExpired, GrantRevoked
from apps.credits.fingerprints import details_of, fingerprint, known
from apps.credits.models import Grant, Lot, Transaction
from apps.credits.posting import Move, lock_accounts, lock_grants, lock_key, post
from apps.events.services import publish

EXPIRE_BATCH = 100
ACTOR = Actor.system("credits")
# Where the credits of each source come from.
OTHER_SIDE = {
    GrantSource.PLAN: GRANTS_ID,
    GrantSource.PURCHASE: SALES_ID,
    GrantSource.PROMOTION: GRANTS_ID,
    GrantSource.ADJUSTMENT: ADJUSTMENTS_ID,
}
MAX_PRIORITY = 100


@transaction.atomic
def grant_create(
    *,
    actor: Actor,
    source: GrantSource,
    amount_microcredits: int,
    reference: str,
    description: str = "",
    priority: int = 50,
    effective_at: datetime | None = None,
    expires_at: datetime | None = None,
    operations: Sequence[str] = (),
    organization_ids: Sequence[uuid.UUID] = (),
    rollover_cap_microcredits: int = 0,
    account_id: uuid.UUID = WALLET_ID,
) -> Grant:
    """Give the tenant credits, once by source and reference. For the platform.

    effective_at: now unless given; until then nothing of it is spent. Locks the account. Publishes granted.
    Raises PermissionDenied, InvalidInput, IdempotencyConflict (other credits by the same reference).
    """
    require_platform(actor)
    require_amount(amount_microcredits)
    _require_sound(reference, priority, effective_at, expires_at, rollover_cap_microcredits)
    key = f"grant:{source}:{reference}"
    lock_key(key)
    print_ = fingerprint(
        "grant", amount=amount_microcredits, expires_at=expires_at, account=account_id
    )
    if known(key, print_):
        return Grant.objects.get(source=source, reference=reference)
    account = lock_accounts([account_id])[account_id]
    now = timezone.now()
    grant = Grant.objects.create(
        source=source,
        amount_microcredits=amount_microcredits,
        priority=priority,
        effective_at=effective_at or now,
        expires_at=expires_at,
        operations=list(operations),
        organization_ids=list(organization_ids),
        rollover_cap_microcredits=rollover_cap_microcredits,
        description=description,
        reference=reference,
    )
    post(
        actor=actor,
        kind=TransactionKind.GRANT,
        moves=[Move(OTHER_SIDE[source], account_id, grant.id, amount_microcredits)],
        idempotency_key=key,
        fingerprint=print_,
        balance_after=account.balance_microcredits + amount_microcredits,
        organization_id=account.organization_id,
        related_id=grant.id,
        details=details_of({"description": description}),
    )
    publish(Granted(grant.id, source.value, amount_microcredits, expires_at), actor=actor)
    return grant


@transaction.atomic
def grant_revoke(*, actor: Actor, grant_id: uuid.UUID, reason: str) -> int:
    """Take back what is left of a grant, e.g. because it was paid back; how much that was.

    What is held of it is taken back when it is released, what is captured is used. Safe to repeat: then
    nothing is left. Locks the grant and the accounts that it lies in. Publishes grant_revoked.
    Raises PermissionDenied, NotFound.
    """
    require_platform(actor)
    grant = lock_grants([grant_id]).get(grant_id)
    if grant is None:
        raise NotFound
    if grant.revoked_at is not None:
        return 0
    now = timezone.now()
    moves, balance = _what_is_left(grant, SALES_ID)
    if moves:
        post(
            actor=actor,
            kind=TransactionKind.REVOCATION,
            moves=moves,
            idempotency_key=f"revocation:{grant.id}",
            fingerprint=fingerprint("revocation", grant=grant.id),
            balance_after=balance,
            related_id=grant.id,
            details=details_of({"reason": reason}),
            now=now,
        )
    grant.revoked_at = now
    grant.save(update_fields=["revoked_at", "updated_at"])
    left = sum(move.amount for move in moves)
    publish(GrantRevoked(grant.id, left, reason), actor=actor)
    return left


@transaction.atomic
def grant_take_back(
    *, actor: Actor, grant_id: uuid.UUID, amount_microcredits: int, reason: str
) -> int:
    """Take back up to so much of a grant, e.g. because a part of it was paid back; how much that was now.

    amount_microcredits: in all, with what was taken back before: safe to repeat. At most what is
    left, from wherever it lies. All of the grant: as grant_revoke. Locks and raises as that. Publishes
    grant_revoked.
    """
    require_platform(actor)
    grant = lock_grants([grant_id]).get(grant_id)
    if grant is None:
        raise NotFound
    if amount_microcredits >= grant.amount_microcredits:
        return grant_revoke(actor=actor, grant_id=grant_id, reason=reason)
    earlier = Transaction.objects.filter(kind=TransactionKind.REVOCATION, related_id=grant.id)
    taken = earlier.aggregate(sum=Sum("amount_microcredits"))["sum"] or 0
    left, balance = _what_is_left(grant, SALES_ID)
    moves = _up_to(left, amount_microcredits - taken)
    if not moves:
        return 0
    now_taken = sum(move.amount for move in moves)
    stays = sum(move.amount for move in left if move.debited_id == WALLET_ID) - sum(
        move.amount for move in moves if move.debited_id == WALLET_ID
    )
    post(
        actor=actor,
        kind=TransactionKind.REVOCATION,
        moves=moves,
        idempotency_key=f"revocation:{grant.id}:{taken + now_taken}",
        fingerprint=fingerprint("revocation", grant=grant.id, amount=taken + now_taken),
        balance_after=balance + stays,
        related_id=grant.id,
        details=details_of({"reason": reason}),
    )
    publish(GrantRevoked(grant.id, now_taken, reason), actor=actor)
    return now_taken


def _up_to(moves: list[Move], amount: int) -> list[Move]:
    """The first of the moves that make up the amount, the last of them in part."""
    found = []
    for move in moves:
        if amount <= 0:
            break
        part = min(amount, move.amount)
        found.append(Move(move.debited_id, move.credited_id, move.grant_id, part))
        amount -= part
    return found


def grants_expire() -> int:
    """End grants whose time is over, a batch of them; how many. For the system. Each in a transaction."""
    over = Grant.objects.filter(expires_at__lte=timezone.now(), expired_at=None)
    ids = list(over.order_by("expires_at").values_list("id", flat=True)[:EXPIRE_BATCH])
    return sum(_expire(grant_id) for grant_id in ids)


@transaction.atomic
def _expire(grant_id: uuid.UUID) -> int:
    """What is left is lost, but for what rolls over, which goes on where it lies, for as long again."""
    grant = lock_grants([grant_id])[grant_id]
    if grant.expired_at is not None or grant.expires_at is None:
        return 0
    now = timezone.now()
    next_ = _rolled(grant)
    moves, balance = _what_is_left(grant, BREAKAGE_ID)
    rolled = _roll(moves, next_, grant.rollover_cap_microcredits)
    lost = sum(move.amount for move in moves if move.credited_id == BREAKAGE_ID)
    kept = sum(move.amount for move in rolled)
    if kept:
        next_.amount_microcredits = kept
        next_.save(force_insert=True)
    if moves:
        post(
            actor=ACTOR,
            kind=TransactionKind.ROLLOVER if kept else TransactionKind.EXPIRY,
            moves=[*moves, *rolled],
            amount=lost + kept,
            idempotency_key=f"expiry:{grant.id}",
            fingerprint=fingerprint("expiry", grant=grant.id),
            balance_after=balance + kept,
            related_id=grant.id,
            details=details_of({"rolled_over": kept}),
            now=now,
        )
        publish(GrantExpired(grant.id, lost, kept, next_.id if kept else None), actor=ACTOR)
    grant.expired_at = now
    grant.save(update_fields=["expired_at", "updated_at"])
    return 1


def _rolled(grant: Grant) -> Grant:
    """What goes on of a grant; not kept yet. It does not roll over again."""
    assert grant.expires_at is not None  # noqa: S101 - only such expire
    return Grant(
        id=uuid7(),
        source=GrantSource.ROLLOVER,
        priority=grant.priority,
        effective_at=grant.expires_at,
        expires_at=grant.expires_at + (grant.expires_at - grant.effective_at),
        operations=grant.operations,
        organization_ids=grant.organization_ids,
        rolled_from=grant,
        description=grant.description,
        reference=str(grant.id),
    )


def _roll(moves: list[Move], next_: Grant, cap: int) -> list[Move]:
    """Change the moves so that up to `cap` is not lost; the moves that bring it back as another grant."""
    rolled = []
    for number, move in enumerate(list(moves)):
        part = min(cap, move.amount)
        if part <= 0:
            break
        cap -= part
        through = Move(move.debited_id, GRANTS_ID, move.grant_id, part)
        rest = Move(move.debited_id, move.credited_id, move.grant_id, move.amount - part)
        moves[number] = through
        if rest.amount:
            moves.append(rest)
        rolled.append(Move(GRANTS_ID, move.debited_id, next_.id, part))
    return rolled


def _what_is_left(grant: Grant, to_id: uuid.UUID) -> tuple[list[Move], int]:
    """The moves that take all that is left, from the locked accounts; and the wallet's balance then."""
    held_by = Lot.objects.filter(grant=grant, remaining_microcredits__gt=0)
    accounts = lock_accounts([WALLET_ID, *held_by.values_list("account_id", flat=True)])
    lots = held_by.filter(account_id__in=accounts).order_by("account_id")
    moves = [Move(lot.account_id, to_id, grant.id, lot.remaining_microcredits) for lot in lots]
    of_wallet = sum(move.amount for move in moves if move.debited_id == WALLET_ID)
    return moves, accounts[WALLET_ID].balance_microcredits - of_wallet


def _require_sound(
    reference: str,
    priority: int,
    effective_at: datetime | None,
    expires_at: datetime | None,
    rollover_cap: int,
) -> None:
    if not 1 <= len(reference) <= 160:
        raise InvalidInput.field("reference", _("Give a reference of 1 to 160 characters."))
    if not 0 <= priority <= MAX_PRIORITY:
        raise InvalidInput.field("priority", _("Priorities are 0 to 100; 0 is used up first."))
    if expires_at is not None and expires_at <= (effective_at or timezone.now()):
        raise InvalidInput.field("expires_at", _("It would be over before it begins."))
    if rollover_cap < 0 or (rollover_cap and expires_at is None):
        raise InvalidInput.field("rollover_cap", _("Only what expires can roll over."))
