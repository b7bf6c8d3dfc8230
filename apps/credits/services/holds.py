"""What becomes of a hold: captured, in parts too; released; or its time is over."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.common.ids import uuid7
from apps.common.retrying import retrying
from apps.credits.access import hold_for
from apps.credits.amounts import require_amount
from apps.credits.caps import cap_give_back
from apps.credits.enums import (
    BREAKAGE_ID,
    HELD_ID,
    SALES_ID,
    USAGE_ID,
    HoldState,
    TransactionKind,
)
from apps.credits.errors import HoldClosed
from apps.credits.fingerprints import fingerprint, known, require_key
from apps.credits.models import Grant, Hold, HoldPart, Transaction
from apps.credits.posting import Move, lock_accounts, lock_grants, lock_key, post
from apps.credits.usage_days import usage_add

EXPIRE_BATCH = 100
ACTOR = Actor.system("credits")


@retrying
@transaction.atomic
def hold_capture(
    *,
    actor: Actor,
    hold_id: uuid.UUID,
    idempotency_key: str,
    amount_microcredits: int | None = None,
    is_final: bool = False,
) -> Transaction:
    """Use what was held, or a part of it; as often as something is left.

    amount_microcredits: what is left unless given. is_final: what is left then is released. Counts as usage
    of today. Credits of a grant that has expired since they were held can be captured all the same. Locks
    the key, the hold, and when something is released its grants and accounts. Idempotent by the key.
    Raises NotFound, InvalidInput, HoldClosed, IdempotencyConflict.
    """
    require_key(idempotency_key)
    if amount_microcredits is not None:
        require_amount(amount_microcredits)
    lock_key(idempotency_key)
    hold = hold_for(actor, hold_id)
    print_ = fingerprint(
        "capture", hold=hold_id, amount=amount_microcredits or "rest", is_final=is_final
    )
    if done := known(idempotency_key, print_):
        return done
    now = timezone.now()
    require_open(hold, now)
    amount = amount_microcredits or hold.remaining_microcredits
    if amount > hold.remaining_microcredits:
        raise InvalidInput.field(
            "amount_microcredits",
            _("The hold has %(left)s microcredits left.") % {"left": hold.remaining_microcredits},
            code="more_than_held",
        )
    captured = post(
        actor=actor,
        kind=TransactionKind.CAPTURE,
        moves=[
            Move(HELD_ID, USAGE_ID, part.grant_id, taken) for part, taken in _taken(hold, amount)
        ],
        idempotency_key=idempotency_key,
        fingerprint=print_,
        balance_after=hold.remaining_microcredits - amount,
        now=now,
        **_about(hold),
    )
    is_first = not hold.captured_microcredits
    hold.captured_microcredits += amount
    if is_final and hold.remaining_microcredits:
        _release(actor, hold, f"{idempotency_key}:rest"[-200:], print_, now)
    # Last, as a debit of the same day has the accounts first, and then this.
    usage_add(captured, captured.amount_microcredits, uses=int(is_first))
    _close(hold, HoldState.CLOSED)
    return captured


@retrying
@transaction.atomic
def hold_release(*, actor: Actor, hold_id: uuid.UUID, idempotency_key: str) -> Transaction:
    """Give back what is left of a hold. What came from a grant that is over by now is lost with it.

    Locks the key, the hold, its grants and its accounts. Idempotent by the key.
    Raises NotFound, InvalidInput, HoldClosed, IdempotencyConflict.
    """
    require_key(idempotency_key)
    lock_key(idempotency_key)
    hold = hold_for(actor, hold_id)
    print_ = fingerprint("release", hold=hold_id)
    if done := known(idempotency_key, print_):
        return done
    now = timezone.now()
    require_open(hold, now)
    released = _release(actor, hold, idempotency_key, print_, now)
    _close(hold, HoldState.CLOSED)
    return released


def holds_expire() -> int:
    """Give back what is left of holds whose time is over, a batch of them; how many. For the system.

    Each in a transaction of its own. Who captures or releases one at the time is let through first.
    """
    over = Hold.objects.filter(state=HoldState.OPEN, expires_at__lte=timezone.now())
    ids = list(over.order_by("expires_at").values_list("id", flat=True)[:EXPIRE_BATCH])
    return sum(_expire(hold_id) for hold_id in ids)


@transaction.atomic
def _expire(hold_id: uuid.UUID) -> int:
    open_ = Hold.objects.filter(id=hold_id, state=HoldState.OPEN)
    hold = open_.select_for_update(skip_locked=True).first()
    if hold is None:
        return 0
    _release(ACTOR, hold, f"expiry:{hold.id}", fingerprint("release", hold=hold.id), timezone.now())
    _close(hold, HoldState.EXPIRED)
    return 1


def require_open(hold: Hold, now: datetime) -> None:
    """It is not only a matter of the state: its time may be over before anything sees to it."""
    if hold.state != HoldState.OPEN or hold.expires_at <= now:
        raise HoldClosed


def _release(actor: Actor, hold: Hold, key: str, print_: uuid.UUID, now: datetime) -> Transaction:
    parts = _taken(hold, hold.remaining_microcredits)
    grants = lock_grants(part.grant_id for part, _amount in parts)
    accounts = lock_accounts(part.account_id for part, _amount in parts)
    moves = [
        Move(HELD_ID, _back_to(part, grants[part.grant_id], now), part.grant_id, amount)
        for part, amount in parts
    ]
    nearest = accounts[parts[0][0].account_id]
    back = sum(move.amount for move in moves if move.credited_id == nearest.id)
    released = post(
        actor=actor,
        kind=TransactionKind.RELEASE,
        moves=moves,
        idempotency_key=key,
        fingerprint=print_,
        balance_after=nearest.balance_microcredits + back,
        now=now,
        **_about(hold),
    )
    hold.released_microcredits += released.amount_microcredits
    if hold.member_id is not None:
        cap_give_back(hold.member_id, released.amount_microcredits, hold.created_at, now)
    return released


def _back_to(part: HoldPart, grant: Grant, now: datetime) -> uuid.UUID:
    """Where it lay; what is over goes where it would have gone if it had not been held."""
    if grant.revoked_at is not None:
        return SALES_ID
    if grant.expires_at is not None and grant.expires_at <= now:
        return BREAKAGE_ID
    return part.account_id


def _taken(hold: Hold, amount: int) -> list[tuple[HoldPart, int]]:
    """Take the amount from the hold's parts, in their order."""
    taken = []
    for part in hold.parts.filter(remaining_microcredits__gt=0):
        of_it = min(amount, part.remaining_microcredits)
        if of_it:
            part.remaining_microcredits -= of_it
            taken.append((part, of_it))
            amount -= of_it
    HoldPart.objects.bulk_update([part for part, _of_it in taken], ["remaining_microcredits"])
    return taken


def _about(hold: Hold) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "organization_id": hold.organization_id,
        "member_id": hold.member_id,
        "operation": hold.operation,
        "related_id": hold.id,
    }


def _close(hold: Hold, state: HoldState) -> None:
    if not hold.remaining_microcredits:
        hold.state = state
    hold.save(
        update_fields=["captured_microcredits", "released_microcredits", "state", "updated_at"]
    )
