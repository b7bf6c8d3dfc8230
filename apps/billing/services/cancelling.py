"""Cancelling what is paid for, and taking that back."""

from apps.billing import gateway
from apps.billing.events import SubscriptionCancelled, SubscriptionKept
from apps.billing.models import Subscription
from apps.billing.services.asking import schedule_release, subscription_live, take_over
from apps.common.actors import Actor
from apps.tenants.models import Tenant


def subscription_cancel(*, actor: Actor, tenant: Tenant) -> Subscription | None:
    """At the end of what is paid for. It can be taken back until then.

    Not inside a transaction. Publishes billing.subscription_cancelled, once however often it is asked for.
    Raises PermissionDenied, ReauthenticationRequired, Conflict (`not_subscribed`), StripeUnavailable.
    """
    row = subscription_live(actor, tenant)
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(row.stripe_id, {"expand": ["schedule"]})
        schedule_release(client, found)
        client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
    event = SubscriptionCancelled(tenant_id=tenant.id, stripe_id=row.stripe_id, is_at_once=False)
    return take_over(actor, tenant, row.stripe_id, event if row.ends_at is None else None)


def subscription_keep(*, actor: Actor, tenant: Tenant) -> Subscription | None:
    """Take back a cancellation, or a change that waits for the period's end. Raises as that does.

    Not inside a transaction. Publishes billing.subscription_kept where there was something to take back.
    """
    row = subscription_live(actor, tenant)
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(row.stripe_id, {"expand": ["schedule"]})
        schedule_release(client, found)
        client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": False})
    what = "cancellation" if row.ends_at is not None else "change"
    event = SubscriptionKept(tenant_id=tenant.id, stripe_id=row.stripe_id, taken_back=what)
    had_any = row.ends_at is not None or row.next_price is not None
    return take_over(actor, tenant, row.stripe_id, event if had_any else None)
