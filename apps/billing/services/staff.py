"""What staff do with a tenant's subscription at Stripe, each with a reason for the tenant's history."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.events import SubscriptionCancelled, SubscriptionRefreshed
from apps.billing.inbox.lanes import lane_lock
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.services.asking import schedule_release, subscription_now
from apps.billing.services.subscriptions import subscription_take_over
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.registry import Event
from apps.events.services import publish
from apps.tenants.models import Tenant
from apps.tenants.services import lock, note


@system_connection()
def subscription_refresh(*, actor: Actor, tenant_id: uuid.UUID, reason: str) -> None:
    """Take over what Stripe says of it now, as its next event would. Not inside a transaction.

    Publishes billing.subscription_refreshed, and as subscription_take_over does.
    Raises PermissionDenied, NotFound, InvalidInput (no reason), Conflict (`busy`), StripeUnavailable.
    """
    require_platform(actor)
    reason = reason_required(reason)
    row = _subscription(tenant_id)
    event = SubscriptionRefreshed(tenant_id=tenant_id, stripe_id=row.stripe_id)
    with customer_lock(tenant_id):
        _take_over(actor, row, event, "subscription_refreshed", reason)


@system_connection()
def subscription_cancel_by_staff(
    *, actor: Actor, tenant_id: uuid.UUID, is_at_once: bool, reason: str
) -> None:
    """End it, now or with what is paid for. Nothing is paid back: see invoice_refund.

    Not inside a transaction. Publishes billing.subscription_cancelled, and as
    subscription_take_over does.
    Raises as subscription_refresh does, and Conflict (`not_subscribed`: it has ended).
    """
    require_platform(actor)
    reason = reason_required(reason)
    row = _subscription(tenant_id)
    if not row.is_live:
        raise Conflict(_("The subscription has ended already."), code="not_subscribed")
    event = SubscriptionCancelled(
        tenant_id=tenant_id, stripe_id=row.stripe_id, is_at_once=is_at_once
    )
    with customer_lock(tenant_id):
        with gateway.stripe_client() as client:
            found = client.v1.subscriptions.retrieve(row.stripe_id, {"expand": ["schedule"]})
            schedule_release(client, found)
            if not is_at_once:
                client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
            elif found["status"] not in ("canceled", "incomplete_expired"):
                client.v1.subscriptions.cancel(row.stripe_id)
        words = "cancelled at once" if is_at_once else "cancelled for the period's end"
        _take_over(actor, row, event, "subscription_cancelled", f"{words}: {reason}")


def reason_required(reason: str) -> str:
    reason = reason.strip()[:500]
    if not reason:
        raise InvalidInput.field("reason", _("Say why: others will ask."), "required")
    return reason


@contextmanager
def customer_lock(tenant_id: uuid.UUID) -> Iterator[str]:
    """For the block: nobody else works on the tenant's customer, whose id at Stripe it gives.

    Raises NotFound where there is none, Conflict (`busy`).
    """
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id).first()
    if customer is None or not customer.stripe_id:
        raise NotFound
    with lane_lock(customer.stripe_id) as is_mine:
        if not is_mine:
            raise Conflict(
                _("Events of Stripe about it are being worked on. Try again in a moment."),
                code="busy",
            )
        yield customer.stripe_id


def _subscription(tenant_id: uuid.UUID) -> Subscription:
    row = Subscription.objects.filter(tenant_id=tenant_id).first()
    if row is None:
        raise NotFound
    return row


def _take_over(actor: Actor, row: Subscription, event: Event, action: str, reason: str) -> None:
    """... and who did it, in one transaction."""
    found = subscription_now(row.stripe_id)
    with transaction.atomic():
        tenant: Tenant = lock(row.tenant_id)
        taken = subscription_take_over(actor=actor, tenant_id=tenant.id, found=found)
        if taken is not None and taken.ends_at and taken.next_price is not None:
            taken.next_price, taken.next_price_at = None, None
            taken.save(update_fields=["next_price", "next_price_at", "updated_at"])
        note(actor, tenant, action, reason=reason[:500])
        publish(event, actor=actor, tenant_id=tenant.id)
