"""Credits that come with a plan: of which period a tenant is to have how many, and since when.

A period is a month: of a paid subscription Stripe's, of one that is paid by the year each month of it, else
the months from the plan's day on. What is paid for is known by the copy of the invoice.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from djstripe.models import Invoice

from apps.billing.enums import Interval, Standing
from apps.billing.models import BillingCustomer, Subscription, TenantPlan
from apps.billing.periods import month_of
from apps.billing.stripe_shapes import at, invoice_subscription_id
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.tenants.enums import TenantStatus

# How soon it is looked again for what is not paid yet; a payment's event is quicker.
AGAIN_AFTER = timedelta(hours=1)
# Of an invoice, that it was made before its period began.
EARLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """plan: its name. credits, rollover: of the period, in microcredits."""

    plan: str
    credits_microcredits: int
    rollover_microcredits: int
    starts_at: datetime
    ends_at: datetime


def allowance_now(*, actor: Actor, tenant_id: uuid.UUID) -> Allowance | None:
    """What the tenant is to have of the present period; None: nothing, or not yet: it is not paid.

    In the caller's transaction, as the system, which then notes it by allowance_settle. Locks the tenant's
    plan. Up to four statements.
    """
    require_platform(actor)
    rows = TenantPlan.objects.select_for_update(of=("self",)).select_related("plan_version__plan")
    held = rows.filter(tenant_id=tenant_id).first()
    if held is None or not held.plan_version.credits_per_period_microcredits:
        return None
    period = _period(held, timezone.now())
    if period is None:
        return None
    version = held.plan_version
    return Allowance(
        version.plan.name,
        version.credits_per_period_microcredits,
        version.credits_rollover_microcredits,
        *period,
    )


def allowance_settle(*, actor: Actor, tenant_id: uuid.UUID, given: Allowance | None) -> None:
    """Note when it is to be looked at next. After allowance_now, in its transaction. One statement or two."""
    require_platform(actor)
    held = TenantPlan.objects.select_related("plan_version").filter(tenant_id=tenant_id)
    row = held.first()
    if row is None:
        return
    next_at: datetime | None = given.ends_at if given else timezone.now() + AGAIN_AFTER
    if not row.plan_version.credits_per_period_microcredits:
        next_at = None
    TenantPlan.objects.filter(id=row.id).update(allowance_at=next_at)


@system_connection()
def allowances_due(limit: int) -> list[uuid.UUID]:
    """Tenants that are to be looked at, those that wait longest first. One statement."""
    due = TenantPlan.objects.filter(
        allowance_at__lte=timezone.now(), tenant__status=TenantStatus.READY
    )
    return list(due.order_by("allowance_at").values_list("tenant_id", flat=True)[:limit])


def allowance_look(tenant_id: uuid.UUID) -> None:
    """Have it looked at with the next sweep: what is paid for may be another. One statement."""
    TenantPlan.objects.filter(tenant_id=tenant_id).update(allowance_at=timezone.now())


def _period(held: TenantPlan, now: datetime) -> tuple[datetime, datetime] | None:
    rows = Subscription.objects.select_related("price")
    row = rows.filter(tenant_id=held.tenant_id).first()
    if held.is_comp or row is None or not row.is_live:
        return month_of(now, held.period_anchor_at)
    starts_at, ends_at = row.period_starts_at, row.period_ends_at
    if starts_at is None or ends_at is None or not starts_at <= now < ends_at:
        return None
    if row.standing != Standing.TRIAL and not _is_paid(row, starts_at, ends_at):
        return None
    if row.standing == Standing.TRIAL or row.price is None or row.price.interval == Interval.MONTH:
        return starts_at, ends_at
    month = month_of(now, starts_at)
    return month[0], min(month[1], ends_at)


def _is_paid(row: Subscription, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether an invoice of the subscription that covers the whole period is paid. Two statements."""
    if row.standing not in (Standing.ACTIVE, Standing.GRACE):
        return False
    customer = BillingCustomer.objects.filter(tenant_id=row.tenant_id).first()
    if customer is None or not customer.stripe_id:
        return False
    paid = Invoice.objects.filter(
        customer__id=customer.stripe_id,
        created__gte=starts_at - EARLY,
        stripe_data__status="paid",
    ).order_by("-created")
    return any(
        invoice_subscription_id(data) == row.stripe_id and _covers(data, starts_at, ends_at)
        for data in paid.values_list("stripe_data", flat=True)
    )


def _covers(invoice: Any, starts_at: datetime, ends_at: datetime) -> bool:
    for line in (invoice.get("lines") or {}).get("data") or []:
        period = line.get("period") or {}
        begins, ends = at(period.get("start")), at(period.get("end"))
        if begins and ends and begins <= starts_at and ends >= ends_at:
            return True
    return False
