"""What was spent is given back; and what staff put right."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, IdempotencyConflict, InvalidInput, NotFound
from apps.common.retrying import retrying
from apps.credits.amounts import require_amount
from apps.credits.burning import lots_in_order, take, usable
from apps.credits.caps import cap_give_back
from apps.credits.enums import (
    ADJUSTMENTS_ID,
    USAGE_ID,
    WALLET_ID,
    GrantSource,
    TransactionKind,
)
from apps.credits.errors import InsufficientCredits, SecondPersonNeeded
from apps.credits.events import Adjusted, FrozenChanged, Refunded
from apps.credits.fingerprints import details_of, fingerprint, known, require_key
from apps.credits.live import tell_balance
from apps.credits.models import SPENDABLE, Account, Entry, Grant, Transaction
from apps.credits.posting import Move, lock_accounts, lock_grants, lock_key, post
from apps.credits.services.grants import grant_create
from apps.credits.usage_days import usage_add
from apps.events.services import publish

# So long what was given back can be used that came from a grant which is over.
REFUND_DAYS = 30
SPENT = (TransactionKind.DEBIT, TransactionKind.CAPTURE)


@retrying
@transaction.atomic
def credits_refund(
    *,
    actor: Actor,
    transaction_id: uuid.UUID,
    idempotency_key: str,
    reason: str,
    amount_microcredits: int | None = None,
) -> Transaction:
    """Give back what a debit or a capture took, in whole or in part, to where it was taken from.

    For the platform, and for product code. amount_microcredits: what is not given back yet, unless given.
    What came from a grant that is over comes as a new one, good for REFUND_DAYS. Counts as less usage of
    today. Locks the key, the grants and the accounts. Publishes refunded. Idempotent by the key.
    Raises PermissionDenied, NotFound, InvalidInput, Conflict (nothing left), IdempotencyConflict.
    """
    require_platform(actor)
    require_key(idempotency_key)
    if amount_microcredits is not None:
        require_amount(amount_microcredits)
    # One refund of a transaction after the other.
    lock_key(f"refund:{transaction_id}")
    print_ = fingerprint("refund", of=transaction_id, amount=amount_microcredits or "rest")
    if done := known(idempotency_key, print_):
        return done
    spent = Transaction.objects.filter(id=transaction_id, kind__in=SPENT).first()
    if spent is None:
        raise NotFound
    refunded = Transaction.objects.filter(
        related_id=spent.id, kind=TransactionKind.REFUND
    ).aggregate(sum=Sum("amount_microcredits"))
    left = spent.amount_microcredits - (refunded["sum"] or 0)
    amount = left if amount_microcredits is None else amount_microcredits
    if left <= 0:
        raise Conflict(_("All of it is given back already."), code="already_refunded")
    if amount > left:
        raise InvalidInput.field(
            "amount_microcredits",
            _("At most %(left)s microcredits can be given back.") % {"left": left},
            code="more_than_spent",
        )
    now = timezone.now()
    moves, balance = _moves_back(spent, amount, already=spent.amount_microcredits - left, now=now)
    done = post(
        actor=actor,
        kind=TransactionKind.REFUND,
        moves=moves,
        idempotency_key=idempotency_key,
        fingerprint=print_,
        balance_after=balance,
        amount=amount,
        organization_id=spent.organization_id,
        member_id=spent.member_id,
        operation=spent.operation,
        related_id=spent.id,
        details=details_of({"reason": reason}),
        now=now,
    )
    usage_add(done, -amount, uses=-int(amount == left))
    if spent.member_id is not None:
        cap_give_back(spent.member_id, amount, spent.created_at, now)
    publish(Refunded(done.id, spent.id, amount, reason), actor=actor)
    return done


def _moves_back(
    spent: Transaction, amount: int, *, already: int, now: datetime
) -> tuple[list[Move], int]:
    """From usage to where it was taken: what was taken last is given back first; and the balance then."""
    taken = _taken_from(spent)
    if sum(size for _account_id, _grant_id, size in taken) < spent.amount_microcredits:
        raise Conflict(_("It is too long ago: its hold is archived."), code="archived")
    grants = lock_grants(grant_id for _account_id, grant_id, _size in taken)
    accounts = lock_accounts([WALLET_ID, *(account_id for account_id, *_rest in taken)])
    moves = []
    lost = 0
    for account_id, grant_id, size in taken:
        skipped = min(already, size)
        already -= skipped
        part = min(amount, size - skipped)
        amount -= part
        if not part:
            continue
        if _is_over(grants[grant_id], now):
            lost += part
            moves.append(Move(USAGE_ID, ADJUSTMENTS_ID, grant_id, part))
        else:
            moves.append(Move(USAGE_ID, account_id, grant_id, part))
    if lost:
        replacement = _replacement(spent, lost, now)
        moves.append(Move(ADJUSTMENTS_ID, WALLET_ID, replacement.id, lost))
    first = taken[-1][0]
    back = sum(move.amount for move in moves if move.credited_id == first)
    return moves, accounts[first].balance_microcredits + back


def _taken_from(spent: Transaction) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
    """(account, grant, amount), what was taken last first.

    Captures take what was held, in its order and one after the other: so from where comes what a capture
    took, the hold's entries and the captures before it say.
    """
    if spent.kind == TransactionKind.DEBIT:
        skip, amount, of_id = 0, spent.amount_microcredits, spent.id
    else:
        assert spent.related_id is not None  # noqa: S101 - of a capture: its hold
        earlier = Transaction.objects.filter(
            related_id=spent.related_id, kind=TransactionKind.CAPTURE, id__lt=spent.id
        ).aggregate(sum=Sum("amount_microcredits"))
        skip, amount, of_id = earlier["sum"] or 0, spent.amount_microcredits, spent.related_id
    found = []
    for one in Entry.objects.filter(transaction_id=of_id).order_by("position"):
        skipped = min(skip, one.amount_microcredits)
        skip -= skipped
        part = min(amount, one.amount_microcredits - skipped)
        amount -= part
        if part:
            found.append((one.debited_account_id, one.grant_id, part))
    return found[::-1]


def _is_over(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is not None or (
        grant.expires_at is not None and grant.expires_at <= now
    )


def _replacement(spent: Transaction, amount: int, now: datetime) -> Grant:
    before = Grant.objects.filter(source=GrantSource.REFUND, reference__startswith=str(spent.id))
    return Grant.objects.create(
        source=GrantSource.REFUND,
        amount_microcredits=amount,
        effective_at=now,
        expires_at=now + timedelta(days=REFUND_DAYS),
        reference=f"{spent.id}:{before.count() + 1}",
        description=str(_("Given back")),
    )


@retrying
@transaction.atomic
def credits_adjust(
    *,
    actor: Actor,
    amount_microcredits: int,
    reason: str,
    idempotency_key: str,
    account_id: uuid.UUID = WALLET_ID,
    expires_at: datetime | None = None,
) -> Transaction:
    """Put an account right: above 0 a grant, below 0 taken from what is burned first.

    For staff up to what one person may adjust alone, and for the system. Locks the key and the account.
    Publishes adjusted. Idempotent by the key. Raises PermissionDenied, NotFound, InvalidInput,
    SecondPersonNeeded, InsufficientCredits, IdempotencyConflict.
    """
    if actor.kind is ActorKind.STAFF and needs_second_person(amount_microcredits):
        raise SecondPersonNeeded
    return adjust(
        actor=actor,
        amount=amount_microcredits,
        reason=reason,
        key=idempotency_key,
        account_id=account_id,
        expires_at=expires_at,
    )


def needs_second_person(amount_microcredits: int) -> bool:
    return abs(amount_microcredits) > settings.CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS


def adjust(
    *,
    actor: Actor,
    amount: int,
    reason: str,
    key: str,
    account_id: uuid.UUID,
    expires_at: datetime | None,
) -> Transaction:
    """As credits_adjust, in a transaction, however much it is: another has approved it."""
    require_adjustment(actor, amount, reason)
    require_key(key)
    lock_key(key)
    given_key = f"grant:{GrantSource.ADJUSTMENT}:{key}"
    print_ = fingerprint("adjustment", amount=amount, account=account_id)
    done = Transaction.objects.filter(idempotency_key__in=[key, given_key]).first()
    if done is not None and (done.idempotency_key == given_key) != (amount > 0):
        raise IdempotencyConflict
    if done is None:
        spendable_account(account_id)
    if amount > 0:
        grant_create(
            actor=actor,
            source=GrantSource.ADJUSTMENT,
            amount_microcredits=amount,
            reference=key,
            description=reason[:200],
            expires_at=expires_at,
            account_id=account_id,
        )
    if done is not None:
        if amount < 0 and done.fingerprint != print_:
            raise IdempotencyConflict
        return done
    if amount > 0:
        done = Transaction.objects.get(idempotency_key=given_key)
    else:
        done = _take(
            actor=actor,
            amount=-amount,
            reason=reason,
            key=key,
            print_=print_,
            account_id=account_id,
        )
    publish(Adjusted(done.id, account_id, amount, reason), actor=actor)
    return done


def require_adjustment(actor: Actor, amount: int, reason: str) -> None:
    """What every adjustment needs. Raises PermissionDenied, InvalidInput."""
    require_platform(actor)
    require_amount(abs(amount))
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."))


def spendable_account(account_id: uuid.UUID) -> Account:
    """Locked until the transaction ends. Raises NotFound for what is none that credits lie in."""
    account = lock_accounts([account_id]).get(account_id)
    if account is None or account.kind not in SPENDABLE:
        raise NotFound
    return account


def _take(
    *,
    actor: Actor,
    amount: int,
    reason: str,
    key: str,
    print_: uuid.UUID,
    account_id: uuid.UUID,
) -> Transaction:
    account = spendable_account(account_id)
    now = timezone.now()
    lots = list(lots_in_order([account_id]).filter(usable(now)))
    taken = take(lots, amount)
    left = sum(part for _lot, part in taken)
    if left < amount:
        raise InsufficientCredits(
            _("The account has %(left)s microcredits that can be taken.") % {"left": left}
        )
    return post(
        actor=actor,
        kind=TransactionKind.ADJUSTMENT,
        moves=[Move(account_id, ADJUSTMENTS_ID, lot.grant_id, part) for lot, part in taken],
        idempotency_key=key,
        fingerprint=print_,
        balance_after=account.balance_microcredits - amount,
        organization_id=account.organization_id,
        details=details_of({"reason": reason}),
        now=now,
    )


@transaction.atomic
def account_freeze(
    *, actor: Actor, is_frozen: bool, reason: str, account_id: uuid.UUID = WALLET_ID
) -> Account:
    """Let nothing be spent from an account, or let it again; the wallet's holds for all. By staff.

    What is held can be captured all the same. Publishes account_frozen; nothing if it is so already.
    Raises PermissionDenied, NotFound, InvalidInput.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."))
    account = spendable_account(account_id)
    if (account.frozen_at is not None) != is_frozen:
        account.frozen_at = timezone.now() if is_frozen else None
        account.frozen_reason = reason[:500] if is_frozen else ""
        account.save(update_fields=["frozen_at", "frozen_reason", "updated_at"])
        publish(FrozenChanged(account.id, is_frozen, reason), actor=actor)
        tell_balance()
    return account
