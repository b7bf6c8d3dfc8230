"""What billing itself does when Stripe tells of something."""

import uuid

import structlog

from apps.billing.customers import METADATA_KEY, billing_customer_link
from apps.billing.enums import Standing
from apps.billing.events import TrialEndNeared
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.services import subscription_take_over
from apps.common.actors import Actor
from apps.events.services import publish

log = structlog.get_logger(__name__)

ACTOR = Actor.system("stripe")


@stripe_handler("customer.created", "customer.updated")
def customer_follow(change: StripeChange) -> None:
    """Name, address and currency are what Stripe has: people change them in its portal.

    A customer that was made for a row of ours which does not know it, because whoever asked for it died
    before Stripe answered, is linked by what it says of itself.
    """
    if change.is_gone:
        return
    row = BillingCustomer.objects.select_for_update().filter(stripe_id=change.customer_id).first()
    if row is None:
        row = _intended(change)
        if row is None:
            return
        row = billing_customer_link(actor=ACTOR, customer_id=row.id, stripe_id=change.customer_id)
    row.email = change.current.get("email") or ""
    row.name = change.current.get("name") or row.name
    row.currency = change.current.get("currency") or ""
    row.save(update_fields=["email", "name", "currency", "updated_at"])


def _intended(change: StripeChange) -> BillingCustomer | None:
    try:
        row_id = uuid.UUID((change.current.get("metadata") or {}).get(METADATA_KEY, ""))
    except ValueError:
        return None
    row = BillingCustomer.objects.filter(id=row_id).first()
    if row is not None and row.stripe_id is not None:
        log.error("billing.second_customer", stripe_id=change.customer_id, known=row.stripe_id)
        return None
    return row


@stripe_handler("customer.subscription.*")
def subscription_follow(change: StripeChange) -> None:
    if change.tenant_id is not None and not change.is_gone:
        subscription_take_over(actor=ACTOR, tenant_id=change.tenant_id, found=change.current)


@stripe_handler("customer.subscription.trial_will_end")
def trial_end_tell(change: StripeChange) -> None:
    """After subscription_follow, which has locked the tenant. Publishes billing.trial_end_neared."""
    trials = Subscription.objects.filter(standing=Standing.TRIAL, trial_ends_at__isnull=False)
    row = trials.filter(stripe_id=change.current["id"]).first()
    if row is not None and row.trial_ends_at is not None:
        publish(
            TrialEndNeared(
                tenant_id=row.tenant_id, stripe_id=row.stripe_id, trial_ends_at=row.trial_ends_at
            ),
            actor=ACTOR,
            tenant_id=row.tenant_id,
        )
