"""Debits and holds: what is spent, in one statement."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import IdempotencyConflict, InvalidInput, NotFound
from apps.credits.access import place_for, spender_for
from apps.credits.amounts import require_amount
from apps.credits.enums import TransactionKind
from apps.credits.errors import AccountFrozen, InsufficientCredits, SpendingCapReached
from apps.credits.fingerprints import fingerprint, require_key
from apps.credits.group_commit import spend_alone, spend_together
from apps.credits.operations import operation as declared
from apps.credits.operations import price
from apps.credits.services.alerts import low_balances_note
from apps.credits.spending import Answer, Item, Outcome, Place

MAX_TTL_S = 86_400


@dataclass(frozen=True, slots=True)
class Spent:
    """balance_after_microcredits: what could still be spent there then. is_replay: it was done before."""

    transaction_id: uuid.UUID
    amount_microcredits: int
    balance_after_microcredits: int
    is_replay: bool


def credits_debit(
    *,
    actor: Actor,
    operation: str,
    idempotency_key: str,
    amount_microcredits: int | None = None,
    quantity: int | None = None,
    organization_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> Spent:
    """Spend credits on an operation: an amount, or what a quantity of it costs now.

    Taken from the organization's budget, or the wallet (Budget), and from grants in the order in which they
    are burned. Idempotent by the key, for as long as the ledger is kept. Outside of a transaction it commits,
    together with what others spend at the same place at the time; inside, it holds the account until the
    end. One statement; further ones for a member (place_for, spender_for), and when it makes an account low,
    of which is told then (low_balance_note).
    Raises PermissionDenied, NotFound, InvalidInput, InsufficientCredits, SpendingCapReached, AccountFrozen,
    IdempotencyConflict.
    """
    return _spend(
        TransactionKind.DEBIT,
        actor=actor,
        operation=operation,
        idempotency_key=idempotency_key,
        amount_microcredits=amount_microcredits,
        quantity=quantity,
        organization_id=organization_id,
        member_id=member_id,
        details=details,
    )


def credits_hold(
    *,
    actor: Actor,
    operation: str,
    idempotency_key: str,
    amount_microcredits: int | None = None,
    quantity: int | None = None,
    organization_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    ttl_s: int = 900,
    details: Mapping[str, object] | None = None,
) -> Spent:
    """Set credits aside until they are captured, released or expire; the transaction's id is the hold's.

    ttl_s: seconds, at most MAX_TTL_S. Otherwise as credits_debit.
    """
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise InvalidInput.field("ttl_s", _("Give 1 to %(max)s seconds.") % {"max": MAX_TTL_S})
    return _spend(
        TransactionKind.HOLD,
        actor=actor,
        operation=operation,
        idempotency_key=idempotency_key,
        amount_microcredits=amount_microcredits,
        quantity=quantity,
        organization_id=organization_id,
        member_id=member_id,
        ttl_s=ttl_s,
        details=details,
    )


def _spend(
    kind: TransactionKind,
    *,
    actor: Actor,
    operation: str,
    idempotency_key: str,
    amount_microcredits: int | None,
    quantity: int | None,
    organization_id: uuid.UUID | None,
    member_id: uuid.UUID | None,
    details: Mapping[str, object] | None,
    ttl_s: int | None = None,
) -> Spent:
    require_key(idempotency_key)
    now = timezone.now()
    noted = dict(details or {})
    if (amount_microcredits is None) == (quantity is None):
        raise InvalidInput(_("Give either amount_microcredits or quantity."))
    if quantity is not None:
        priced = price(operation, quantity, now)
        amount_microcredits = priced.amount_microcredits
        noted |= {"quantity": quantity, "rate": priced.rate_version}
    else:
        declared(operation)
    assert amount_microcredits is not None  # noqa: S101 - one of the two was given
    require_amount(amount_microcredits)
    spender = spender_for(actor, member_id)
    place = Place(kind, place_for(actor, organization_id), operation)
    item = Item(
        key=idempotency_key,
        # Of what was asked for: a rate that changes meanwhile does not make it another request.
        fingerprint=fingerprint(
            kind,
            operation=operation,
            amount=amount_microcredits if quantity is None else f"of {quantity}",
            organization=place.organization_id,
            member=spender,
            ttl_s=ttl_s,
        ),
        amount=amount_microcredits,
        actor=actor,
        member_id=spender,
        details=noted,
        expires_at=now + timedelta(seconds=ttl_s) if ttl_s else None,
    )
    is_inside = connection.in_atomic_block
    answer = spend_alone(place, item, now) if is_inside else spend_together(place, item)
    if answer.is_low:
        # What fails here, the sweep finds.
        transaction.on_commit(low_balances_note, robust=True)
    return _spent(item, answer)


def _spent(item: Item, answer: Answer) -> Spent:
    match answer.outcome:
        case Outcome.NOWHERE:
            raise NotFound(_("There is no such organization, or it is archived."))
        case Outcome.FROZEN:
            raise AccountFrozen
        case Outcome.CAPPED:
            raise SpendingCapReached
        case Outcome.INSUFFICIENT | Outcome.UNDECIDED:
            raise InsufficientCredits(
                _("This takes %(asked)s microcredits, and %(left)s are left to spend there.")
                % {"asked": item.amount, "left": answer.balance_after}
            )
    if answer.outcome is Outcome.KNOWN and answer.fingerprint != item.fingerprint:
        raise IdempotencyConflict
    assert answer.transaction_id is not None and answer.amount is not None  # noqa: S101, PT018
    return Spent(
        answer.transaction_id,
        answer.amount,
        answer.balance_after,
        answer.outcome is Outcome.KNOWN,
    )
