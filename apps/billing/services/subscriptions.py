"""What Stripe says of a tenant's subscription, taken over: the row, the plan, the workspace's door."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from apps.billing.allowances import allowance_look
from apps.billing.enums import Standing, SubscriptionStatus
from apps.billing.events import SubscriptionChanged
from apps.billing.life import LIVING, OWING, WITH_PLAN, verdict
from apps.billing.models import Price, Subscription, TenantPlan
from apps.billing.seats import seats_billed
from apps.billing.selectors import version_for_new_tenants
from apps.billing.services.tenants import add_ons_follow, plan_assign
from apps.billing.stripe_shapes import (
    at,
    ref,
    subscription_pause_ends_at,
    subscription_pause_paid_until,
    subscription_period,
)
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events.services import publish
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.services import lock, tenant_resume, tenant_suspend

log = structlog.get_logger(__name__)

UNPAID_REASON = "The subscription is unpaid."


@system_connection()
@transaction.atomic
def subscription_take_over(
    *, actor: Actor, tenant_id: uuid.UUID, found: Mapping[str, Any]
) -> Subscription | None:
    """Make the tenant's row say what Stripe says now, and do what follows from it.

    found: Stripe's subscription, in the pinned version's shape. None: it is not the tenant's, because that
    has another one that lives, which is an error that staff must look at, or a later one.
    Where it is for other seats than there are members, that is noted, for seats_follow.
    Locks the tenant, then the row. The same again changes nothing. Publishes billing.subscription_changed,
    and what follows: billing.plan_assigned, billing.add_on_changed, tenants.tenant_suspended,
    tenants.tenant_resumed.
    """
    require_platform(actor)
    tenant = lock(tenant_id)
    row = Subscription.objects.select_for_update().filter(tenant=tenant).first()
    status = SubscriptionStatus(found["status"])
    if row is not None and row.stripe_id != found["id"]:
        is_over = verdict(status, is_paused=False, unpaid_since=None, now=timezone.now()).standing
        if row.is_live or is_over is Standing.ENDED:
            if row.is_live and is_over is not Standing.ENDED:
                log.error("billing.second_subscription", stripe_id=found["id"], known=row.stripe_id)
            return None
    now = timezone.now()
    row = row or Subscription(tenant=tenant)
    period_before = row.period_starts_at
    if row.stripe_id != found["id"]:
        row.unpaid_since, row.standing = None, ""
        row.next_price, row.next_price_at = None, None
    row.stripe_id, row.status = found["id"], status
    paid = subscription_read(row, found)
    row.unpaid_since = (row.unpaid_since or now) if status in OWING else None
    row.seats_changed_at = None if _has_its_seats(tenant, row) else now
    _settle(actor, tenant, row, now, paid)
    if row.period_starts_at != period_before:
        allowance_look(tenant.id)
    return row


@system_connection()
def subscriptions_due(limit: int) -> list[uuid.UUID]:
    """Whose standing changes by time alone, the ids of their tenants. One statement."""
    due = Subscription.objects.filter(standing_changes_at__lte=timezone.now())
    return list(due.order_by("standing_changes_at").values_list("tenant_id", flat=True)[:limit])


@system_connection()
@transaction.atomic
def subscription_settle(*, actor: Actor, tenant_id: uuid.UUID) -> None:
    """What time has brought about. Locks and publishes as subscription_take_over does."""
    require_platform(actor)
    tenant = lock(tenant_id)
    row = Subscription.objects.select_for_update().filter(tenant=tenant).first()
    if row is not None:
        _settle(actor, tenant, row, timezone.now(), None)


def subscription_read(row: Subscription, found: Mapping[str, Any]) -> dict[uuid.UUID, int]:
    """What Stripe says, into the row, which is not saved: the item that is a plan's. Returns how many of
    which add-ons are paid for, the items beside it. One statement.
    """
    items = found["items"]["data"]
    by_id = {
        price.stripe_price_id: price
        for price in Price.objects.filter(
            stripe_price_id__in=[ref(item["price"]) for item in items]
        )
    }
    row.price, row.quantity = None, 1
    paid: dict[uuid.UUID, int] = {}
    for item in items:
        price = by_id.get(ref(item["price"]))
        quantity = item.get("quantity") or 1
        if price is not None and price.add_on_id is not None:
            paid[price.add_on_id] = paid.get(price.add_on_id, 0) + quantity
        elif price is not None:
            row.price, row.quantity = price, quantity
    row.is_paused = bool(found.get("pause_collection"))
    row.resumes_at = subscription_pause_ends_at(found)
    row.pause_paid_until = subscription_pause_paid_until(found)
    row.trial_ends_at = at(found.get("trial_end"))
    row.period_starts_at, row.period_ends_at = subscription_period(found)
    row.ends_at = _ends_at(found, row)
    is_scheduled = bool(ref(found.get("schedule")))
    if row.next_price is not None and (row.next_price == row.price or not is_scheduled):
        row.next_price, row.next_price_at = None, None
    return paid


def _ends_at(found: Mapping[str, Any], row: Subscription) -> datetime | None:
    if ended := at(found.get("ended_at")):
        return ended
    if found.get("cancel_at_period_end"):
        return at(found.get("cancel_at")) or row.period_ends_at
    return at(found.get("cancel_at"))


def _has_its_seats(tenant: Tenant, row: Subscription) -> bool:
    """Whether it is for as many seats as there are members, or need not be. One statement at most.

    Somebody may have come while Stripe's page was open, or a plan was being changed with the count of before.
    """
    if row.price is None or not row.price.is_per_seat or row.status not in LIVING:
        return True
    return tenant.purge_started_at is not None or row.quantity == seats_billed(tenant)


def _settle(
    actor: Actor,
    tenant: Tenant,
    row: Subscription,
    now: datetime,
    paid: Mapping[uuid.UUID, int] | None,
) -> None:
    """paid: add-ons; None: as before, for time alone brings none back."""
    before = row.standing
    found = verdict(
        SubscriptionStatus(row.status),
        is_paused=row.is_paused,
        unpaid_since=row.unpaid_since,
        now=now,
    )
    row.standing, row.standing_changes_at = found.standing, found.changes_at
    _follow_door(actor, tenant, row)
    row.save()
    _follow_plan(actor, tenant, row)
    if row.standing not in WITH_PLAN:
        add_ons_follow(actor=actor, tenant_id=tenant.id, paid={})
    elif paid is not None:
        add_ons_follow(actor=actor, tenant_id=tenant.id, paid=paid)
    if before == row.standing:
        return
    allowance_look(tenant.id)
    with tenant_context(tenant):
        publish(
            SubscriptionChanged(
                tenant_id=tenant.id,
                stripe_id=row.stripe_id,
                from_standing=before,
                to_standing=row.standing,
            ),
            actor=actor,
        )


def _follow_plan(actor: Actor, tenant: Tenant, row: Subscription) -> None:
    """The plan that is paid for, while it is; then what new tenants begin with. What staff gave stays."""
    held = TenantPlan.objects.filter(tenant=tenant).first()
    if held is not None and held.is_comp:
        return
    version = row.price.plan_version if row.price and row.standing in WITH_PLAN else None
    version = version or version_for_new_tenants()
    if version is not None:
        plan_assign(actor=actor, tenant_id=tenant.id, plan_version_id=version.id)


def _follow_door(actor: Actor, tenant: Tenant, row: Subscription) -> None:
    """Closed while it is suspended; opened again only if it was closed for this."""
    if row.standing == Standing.SUSPENDED and tenant.status == TenantStatus.READY:
        tenant_suspend(actor=actor, tenant_id=tenant.id, reason=UNPAID_REASON)
        row.has_closed = True
    elif row.standing != Standing.SUSPENDED and row.has_closed:
        if tenant.status == TenantStatus.SUSPENDED:
            tenant_resume(actor=actor, tenant_id=tenant.id, reason="The subscription is paid.")
        row.has_closed = False
