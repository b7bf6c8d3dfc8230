"""What billing itself does when Stripe tells of something."""

from apps.billing.customers import billing_customer_follow
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.services import subscription_take_over
from apps.common.actors import Actor

ACTOR = Actor.system("stripe")


@stripe_handler("customer.created", "customer.updated")
def customer_follow(change: StripeChange) -> None:
    if not change.is_gone:
        billing_customer_follow(actor=ACTOR, found=change.current)


@stripe_handler("customer.subscription.*")
def subscription_follow(change: StripeChange) -> None:
    if change.tenant_id is not None and not change.is_gone:
        subscription_take_over(actor=ACTOR, tenant_id=change.tenant_id, found=change.current)
