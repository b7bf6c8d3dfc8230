"""Adjustments that take two people of the staff: one asks, another approves."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor, ActorKind
from apps.common.errors import IdempotencyConflict, InvalidInput, NotFound, PermissionDenied
from apps.credits.enums import WALLET_ID, AdjustmentState
from apps.credits.errors import AdjustmentDecided
from apps.credits.events import AdjustmentApproved, AdjustmentDeclined, AdjustmentRequested
from apps.credits.models import AdjustmentRequest, Transaction
from apps.credits.services.corrections import adjust, require_adjustment, spendable_account
from apps.events.services import publish

EXPIRES_AFTER = timedelta(days=7)


@transaction.atomic
def adjustment_request(
    *,
    actor: Actor,
    amount_microcredits: int,
    reason: str,
    idempotency_key: uuid.UUID,
    account_id: uuid.UUID = WALLET_ID,
    credits_expire_at: datetime | None = None,
) -> AdjustmentRequest:
    """Ask another of the staff to approve an adjustment (credits_adjust). Nothing changes until then.

    idempotency_key: becomes the request's id. Can be approved for EXPIRES_AFTER. Publishes
    adjustment_requested. Raises PermissionDenied, NotFound, InvalidInput, IdempotencyConflict.
    """
    staff_id = _staff_id(actor)
    require_adjustment(actor, amount_microcredits, reason)
    now = timezone.now()
    if credits_expire_at is not None and credits_expire_at <= now:
        raise InvalidInput.field("credits_expire_at", _("It would be over before it begins."))
    # The lock lets one request of a key be made after the other.
    spendable_account(account_id)
    asked, is_new = AdjustmentRequest.objects.get_or_create(
        id=idempotency_key,
        defaults={
            "account_id": account_id,
            "amount_microcredits": amount_microcredits,
            "credits_expire_at": credits_expire_at,
            "reason": reason[:500],
            "requested_by": staff_id,
            "expires_at": now + EXPIRES_AFTER,
        },
    )
    if is_new:
        publish(AdjustmentRequested(asked.id, account_id, amount_microcredits, reason), actor=actor)
    elif (asked.account_id, asked.amount_microcredits) != (account_id, amount_microcredits):
        raise IdempotencyConflict
    return asked


@transaction.atomic
def adjustment_approve(*, actor: Actor, request_id: uuid.UUID, reason: str) -> Transaction:
    """Carry out what another of the staff asked for. Nobody approves what they asked for themselves.

    Locks the request, then as credits_adjust. Publishes adjusted, adjustment_approved.
    Raises PermissionDenied, NotFound, InvalidInput, AdjustmentDecided, InsufficientCredits.
    """
    staff_id = _staff_id(actor)
    asked = _waiting(request_id)
    if asked.requested_by == staff_id:
        raise PermissionDenied(_("Another person has to approve what you asked for."))
    done = adjust(
        actor=actor,
        amount=asked.amount_microcredits,
        reason=asked.reason,
        key=f"adjustment-request:{asked.id}",
        account_id=asked.account_id,
        expires_at=asked.credits_expire_at,
    )
    _decide(asked, AdjustmentState.APPROVED, staff_id, reason)
    publish(AdjustmentApproved(asked.id, done.id, asked.amount_microcredits, reason), actor=actor)
    return done


@transaction.atomic
def adjustment_decline(*, actor: Actor, request_id: uuid.UUID, reason: str) -> AdjustmentRequest:
    """Leave everything as it is; whoever asked may do so, too. Publishes adjustment_declined.

    Raises PermissionDenied, NotFound, InvalidInput, AdjustmentDecided.
    """
    staff_id = _staff_id(actor)
    asked = _waiting(request_id)
    _decide(asked, AdjustmentState.DECLINED, staff_id, reason)
    publish(AdjustmentDeclined(asked.id, asked.amount_microcredits, reason), actor=actor)
    return asked


def _staff_id(actor: Actor) -> uuid.UUID:
    """Two people have to be told apart, so the system can be neither of them."""
    require_platform(actor)
    if actor.kind is not ActorKind.STAFF or actor.person_id is None:
        raise PermissionDenied(_("Only a person of the platform’s staff may do this."))
    return actor.person_id


def _waiting(request_id: uuid.UUID) -> AdjustmentRequest:
    asked = AdjustmentRequest.objects.select_for_update().filter(id=request_id).first()
    if asked is None:
        raise NotFound
    if not asked.is_open(timezone.now()):
        raise AdjustmentDecided
    return asked


def _decide(
    asked: AdjustmentRequest, state: AdjustmentState, staff_id: uuid.UUID, reason: str
) -> None:
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."))
    asked.state = state
    asked.decided_by = staff_id
    asked.decided_at = timezone.now()
    asked.decision_reason = reason[:500]
    asked.save(update_fields=["state", "decided_by", "decided_at", "decision_reason", "updated_at"])
