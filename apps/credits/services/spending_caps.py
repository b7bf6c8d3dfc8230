"""What members may spend in a period, wherever they spend it."""

import uuid
from datetime import date

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.credits.amounts import require_amount
from apps.credits.enums import CapPeriod, HoldState
from apps.credits.events import SpendingCapChanged
from apps.credits.models import Hold, SpendingCap, UsageDay
from apps.credits.periods import period_start
from apps.credits.permissions import MANAGE_BUDGETS
from apps.credits.posting import lock_key
from apps.credits.selectors_budgets import members_in_view
from apps.events.services import publish
from apps.organizations.models import Member
from apps.organizations.tree_lock import tree_kept


@transaction.atomic
def spending_cap_set(
    *,
    actor: Actor,
    member_id: uuid.UUID,
    amount_microcredits: int,
    period: CapPeriod | None = None,
) -> SpendingCap:
    """Let a member spend no more than the amount in each period; what they used in this one counts already.

    0: nothing. period: as it is unless given; of a new one, a month. Needs the permission at their primary
    organization. Locks the cap. Publishes spending_cap_changed; nothing if it is so.
    Raises PermissionDenied, NotFound, InvalidInput.
    """
    require_amount(amount_microcredits, least=0)
    if period is not None and period not in CapPeriod.values:
        raise InvalidInput.field("period", _("Use day, month or quarter."))
    member, cap = _locked(actor, member_id)
    was = (cap.amount_microcredits, cap.period) if cap else (None, None)
    period = period or (CapPeriod(cap.period) if cap else CapPeriod.MONTH)
    if was == (amount_microcredits, period) and cap is not None:
        return cap
    if cap is None or cap.period != period:
        start = period_start(period, timezone.now().date())
        cap = cap or SpendingCap(member_id=member.id)
        cap.period = period
        cap.period_start = start
        cap.spent_microcredits = _spent_since(member.id, start)
    cap.amount_microcredits = amount_microcredits
    cap.save()
    publish(
        SpendingCapChanged(member.id, was[0], amount_microcredits, was[1], cap.period), actor=actor
    )
    return cap


@transaction.atomic
def spending_cap_remove(*, actor: Actor, member_id: uuid.UUID) -> None:
    """Let a member spend what the budgets leave. Publishes spending_cap_changed.

    Raises PermissionDenied, NotFound (also where there is no cap).
    """
    member, cap = _locked(actor, member_id)
    if cap is None:
        raise NotFound(_("This member has no spending cap."))
    cap.delete()
    publish(
        SpendingCapChanged(member.id, cap.amount_microcredits, None, cap.period, None), actor=actor
    )


def _locked(actor: Actor, member_id: uuid.UUID) -> tuple[Member, SpendingCap | None]:
    """The member, and their cap, which nobody else changes until the transaction ends."""
    actor = tree_kept(actor)
    member = members_in_view(actor, MANAGE_BUDGETS).filter(id=member_id).first()
    if member is None:
        raise NotFound
    lock_key(f"cap:{member_id}")
    caps = SpendingCap.objects.select_for_update(no_key=True)
    return member, caps.filter(member_id=member_id).first()


def _spent_since(member_id: uuid.UUID, start: date) -> int:
    """What was used since that day, and what is held."""
    used = UsageDay.objects.filter(member_id=member_id, day__gte=start)
    held = Hold.objects.filter(member_id=member_id, state=HoldState.OPEN)
    sums = held.aggregate(
        amount=Sum("amount_microcredits"),
        captured=Sum("captured_microcredits"),
        released=Sum("released_microcredits"),
    )
    open_ = (sums["amount"] or 0) - (sums["captured"] or 0) - (sums["released"] or 0)
    return max(0, (used.aggregate(sum=Sum("used_microcredits"))["sum"] or 0) + open_)
