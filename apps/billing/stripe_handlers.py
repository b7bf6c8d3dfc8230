"""What billing itself does when Stripe tells of something."""

from apps.billing.allowances import allowance_look
from apps.billing.customers import billing_customer_follow
from apps.billing.enums import Standing
from apps.billing.events import InvoicePaid, TrialEndNeared
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.models import Subscription
from apps.billing.services import purchase_take_over, subscription_take_over
from apps.billing.services.upcoming import schedule_take_over
from apps.billing.stripe_shapes import invoice_is_paid, invoice_tax_cents
from apps.common.actors import Actor
from apps.events.services import publish

ACTOR = Actor.system("stripe")


@stripe_handler("customer.created", "customer.updated")
def customer_follow(change: StripeChange) -> None:
    if not change.is_gone:
        billing_customer_follow(actor=ACTOR, found=change.current)


@stripe_handler("customer.subscription.*")
def subscription_follow(change: StripeChange) -> None:
    if change.tenant_id is not None and not change.is_gone:
        subscription_take_over(actor=ACTOR, tenant_id=change.tenant_id, found=change.current)


@stripe_handler("subscription_schedule.*")
def schedule_follow(change: StripeChange) -> None:
    if change.tenant_id is not None and not change.is_gone:
        schedule_take_over(actor=ACTOR, tenant_id=change.tenant_id, found=change.current)


@stripe_handler("invoice.paid")
def invoice_paid_tell(change: StripeChange) -> None:
    """After the copy, which says what was paid for.

    Publishes billing.invoice_paid, for each event of Stripe's; who acts by it goes by the invoice's id.
    """
    found = change.current
    if change.tenant_id is None or not invoice_is_paid(found):
        return
    allowance_look(change.tenant_id)
    if not found.get("amount_paid"):
        return
    publish(
        InvoicePaid(
            tenant_id=change.tenant_id,
            invoice_id=found["id"],
            number=found.get("number") or "",
            amount_minor=found["amount_paid"],
            tax_minor=invoice_tax_cents(found),
            currency=str(found["currency"]).upper(),
        ),
        actor=ACTOR,
        tenant_id=change.tenant_id,
    )


@stripe_handler(
    "checkout.session.*",
    "invoice.*",
    "payment_intent.succeeded",
    "charge.refunded",
    "charge.dispute.*",
    "credit_note.*",
)
def purchase_follow(change: StripeChange) -> None:
    """Packs of credits: paid for, or given back."""
    is_known = change.tenant_id is not None or change.type.startswith("charge.dispute.")
    if is_known and not change.is_gone and "id" in change.current:
        purchase_take_over(actor=ACTOR, tenant_id=change.tenant_id, found=change.current)


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
