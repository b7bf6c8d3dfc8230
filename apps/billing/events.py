"""What happens to plans, and to what tenants have.

Reasons are for staff: they are in the tenant's history.
"""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("billing.plan_changed", version=1, scope="system", aggregate="plan_id")
class PlanChanged(Event):
    """change: created, updated, retired or offered again; of an add-on or a pack of credits too, whose id it
    is then.
    """

    plan_id: uuid.UUID
    code: str
    change: str


@event("billing.plan_version_changed", version=1, scope="system", aggregate="plan_id")
class PlanVersionChanged(Event):
    """change: drafted, published, retired or discarded."""

    plan_id: uuid.UUID
    code: str
    number: int
    change: str


@event("billing.plan_assigned", version=1, scope="billing", aggregate="tenant_id")
class PlanAssigned(Event):
    """The tenant has another plan, or another version of it. from_plan: empty where it had none."""

    tenant_id: uuid.UUID
    from_plan: str
    from_version: int
    to_plan: str
    to_version: int
    is_comp: bool


@event("billing.add_on_changed", version=1, scope="billing", aggregate="tenant_id")
class AddOnChanged(Event):
    """to_quantity: 0 where the tenant does not have it any more."""

    tenant_id: uuid.UUID
    code: str
    from_quantity: int
    to_quantity: int


@event("billing.override_set", version=1, scope="billing", aggregate="tenant_id")
class OverrideSet(Event):
    """value: None for any number."""

    tenant_id: uuid.UUID
    code: str
    value: int | None
    is_soft: bool
    expires_at: datetime | None


@event("billing.override_withdrawn", version=1, scope="billing", aggregate="tenant_id")
class OverrideWithdrawn(Event):
    tenant_id: uuid.UUID
    code: str


@event("billing.entitlements_changed", version=1, scope="billing", aggregate="tenant_id")
class EntitlementsChanged(Event):
    """What the tenant has may be another: published with each of the others, for whoever keeps it."""

    tenant_id: uuid.UUID


@event("billing.limit_neared", version=1, scope="billing", aggregate="tenant_id")
class LimitNeared(Event):
    """80 % are used; once for each crossing."""

    tenant_id: uuid.UUID
    code: str
    used: int
    limit: int


@event("billing.limit_exceeded", version=1, scope="billing", aggregate="tenant_id")
class LimitExceeded(Event):
    """More than a soft limit is used; once for each crossing."""

    tenant_id: uuid.UUID
    code: str
    used: int
    limit: int


@event("billing.customer_created", version=1, scope="billing", aggregate="customer_id")
class CustomerCreated(Event):
    """The tenant is a customer at Stripe from now on. stripe_id: Stripe's."""

    customer_id: uuid.UUID
    stripe_id: str


@event("billing.contacts_changed", version=1, scope="billing", aggregate="customer_id")
class ContactsChanged(Event):
    """Where invoices and receipts go, or what is printed on them. changed: email, name, address,
    extra_emails; what they are is read where they are.
    """

    customer_id: uuid.UUID
    changed: str


@event("billing.invoice_paid", version=1, scope="billing", aggregate="tenant_id")
class InvoicePaid(Event):
    """An invoice that came to something is paid. amount_minor: with tax_minor in it."""

    tenant_id: uuid.UUID
    invoice_id: str
    number: str
    amount_minor: int
    tax_minor: int
    currency: str


@event("billing.stripe_event_failed", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventFailed(Event):
    """What Stripe told of has no effect until somebody replays it. type: Stripe's."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    type: str
    attempts: int


@event("billing.stripe_event_replayed", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventReplayed(Event):
    """from_state: done, dead or discarded."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    from_state: str


@event("billing.stripe_event_discarded", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventDiscarded(Event):
    """It never has an effect."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    reason: str


@event("billing.stripe_endpoint_set", version=1, scope="system", aggregate="stripe_id")
class StripeEndpointSet(Event):
    """Stripe delivers its events to this address. is_new: made now, and not changed."""

    stripe_id: str
    url: str
    is_new: bool


@event("billing.subscription_changed", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionChanged(Event):
    """What the tenant pays for has another standing. from_standing: empty for a new one."""

    tenant_id: uuid.UUID
    stripe_id: str
    from_standing: str
    to_standing: str


@event("billing.trial_end_neared", version=1, scope="billing", aggregate="tenant_id")
class TrialEndNeared(Event):
    """Three days are left, or fewer where the trial is shorter. Then it is paid for, or ends."""

    tenant_id: uuid.UUID
    stripe_id: str
    trial_ends_at: datetime


@event("billing.subscription_refreshed", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionRefreshed(Event):
    """Staff had it taken over from Stripe once more, because the two differed."""

    tenant_id: uuid.UUID
    stripe_id: str


@event("billing.subscription_cancelled", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionCancelled(Event):
    """By staff, or somebody of the tenant. is_at_once: it has ended; else it ends with what is paid for."""

    tenant_id: uuid.UUID
    stripe_id: str
    is_at_once: bool


@event("billing.subscription_kept", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionKept(Event):
    """It goes on as it is. taken_back: cancellation, or change: of the plan, which waited."""

    tenant_id: uuid.UUID
    stripe_id: str
    taken_back: str


@event("billing.subscription_paused", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionPaused(Event):
    """Somebody of the tenant paused it: months payments are left out, then it goes on by itself."""

    tenant_id: uuid.UUID
    stripe_id: str
    months: int
    resumes_at: datetime


@event("billing.subscription_resumed", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionResumed(Event):
    """Somebody of the tenant ended the pause early. is_charged: a period began with that, and was paid."""

    tenant_id: uuid.UUID
    stripe_id: str
    is_charged: bool


@event("billing.subscription_plan_changed", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionPlanChanged(Event):
    """Somebody of the tenant chose another plan, or another interval. changes_at: None: it has begun."""

    tenant_id: uuid.UUID
    stripe_id: str
    from_plan: str
    from_interval: str
    to_plan: str
    to_interval: str
    changes_at: datetime | None


@event("billing.subscription_add_ons_changed", version=1, scope="billing", aggregate="tenant_id")
class SubscriptionAddOnsChanged(Event):
    """Somebody of the tenant pays for more or fewer. quantities: from now on: `seats_10=2 storage=0`."""

    tenant_id: uuid.UUID
    stripe_id: str
    quantities: str


@event("billing.checkout_begun", version=1, scope="billing", aggregate="tenant_id")
class CheckoutBegun(Event):
    """Somebody went to Stripe's page to buy a plan. Whether they did is told by subscription_changed."""

    tenant_id: uuid.UUID
    session_id: str
    plan: str
    interval: str
    currency: str


@event("billing.portal_opened", version=1, scope="billing", aggregate="tenant_id")
class PortalOpened(Event):
    """Somebody went to Stripe's page for cards, address and receipts."""

    tenant_id: uuid.UUID
    session_id: str


@event("billing.invoice_refunded", version=1, scope="billing", aggregate="tenant_id")
class InvoiceRefunded(Event):
    """Staff gave back a part of what was paid, for a reason that the tenant may read."""

    tenant_id: uuid.UUID
    invoice_id: str
    credit_note_id: str
    amount_minor: int
    currency: str
    reason: str


@event("billing.catalogue_synced", version=1, scope="system", aggregate="place")
class CatalogueSynced(Event):
    """What is sold was told to Stripe. steps: how many products and prices changed there."""

    place: str
    steps: int


@event("billing.reconciled", version=1, scope="system", aggregate="place")
class Reconciled(Event):
    """What is here was compared with what Stripe has. checked: customers. mended: differences that are none
    any more. left: those that a person looks at. kinds: how many of each, `invoice_missing=2 seats=1`.
    """

    place: str
    checked: int
    mended: int
    left: int
    kinds: str


@event("billing.credits_bought", version=1, scope="billing", aggregate="purchase_id")
class CreditsBought(Event):
    """Packs of credits are paid for. is_automatic: by the auto top-up. paid_minor: with taxes."""

    tenant_id: uuid.UUID
    purchase_id: uuid.UUID
    pack: str
    quantity: int
    credits_microcredits: int
    paid_minor: int
    currency: str
    is_automatic: bool


@event("billing.credits_returned", version=1, scope="billing", aggregate="purchase_id")
class CreditsReturned(Event):
    """So much of what was paid is given back in all: by refunds, credit notes, and lost disputes."""

    tenant_id: uuid.UUID
    purchase_id: uuid.UUID
    returned_minor: int
    paid_minor: int
    currency: str


@event("billing.auto_top_up_changed", version=1, scope="billing", aggregate="tenant_id")
class AutoTopUpChanged(Event):
    """What is bought by itself, when the wallet is low. monthly_cap_minor: at most, in a month."""

    tenant_id: uuid.UUID
    is_on: bool
    pack: str
    quantity: int
    monthly_cap_minor: int
    currency: str


@event("billing.auto_top_up_paused", version=1, scope="billing", aggregate="tenant_id")
class AutoTopUpPaused(Event):
    """A payment failed: nothing more is bought by itself until somebody resumes it. code: Stripe's."""

    tenant_id: uuid.UUID
    code: str
    reason: str


@event("billing.auto_top_up_resumed", version=1, scope="billing", aggregate="tenant_id")
class AutoTopUpResumed(Event):
    tenant_id: uuid.UUID


@event("billing.auto_top_up_capped", version=1, scope="billing", aggregate="tenant_id")
class AutoTopUpCapped(Event):
    """The wallet is low, and nothing more is bought by itself in this month: `2026-11`. Told once a month."""

    tenant_id: uuid.UUID
    month: str
    cap_minor: int
    currency: str
