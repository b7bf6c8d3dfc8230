"""Pausing what is paid for, by the tenant itself, and going on early.

A pause is Stripe's `pause_collection`: what comes due meanwhile is void. It ends shortly before a period
begins, so that what follows is paid for. Whether it is the tenant's own, and until when had been paid,
is in the subscription's metadata at Stripe: no row of ours has to remember it.
"""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.enums import Interval, Standing
from apps.billing.events import SubscriptionPaused, SubscriptionResumed
from apps.billing.models import Subscription
from apps.billing.services.asking import customers_turn, subscription_live, take_over
from apps.billing.stripe_shapes import PAUSE_PAID_UNTIL, PAUSE_RESUMES_AT
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.common.money import Money
from apps.tenants.models import Tenant

MOST_MONTHS = 3
# Before the period that is paid for again; Stripe makes its invoice in the moment that it begins.
BEFORE = timedelta(hours=1)


def pause_problem(row: Subscription) -> str:
    """Why it cannot be paused now, for people; empty: it can."""
    if row.standing == Standing.PAUSED:
        return str(_("The subscription is paused already."))
    if row.standing != Standing.ACTIVE or row.unpaid_since is not None:
        return str(_("Only a subscription that is paid for can be paused."))
    if row.ends_at is not None or row.next_price is not None:
        return str(_("It is cancelled, or its plan changes: take that back first."))
    if row.price is None or row.price.interval != Interval.MONTH or row.period_ends_at is None:
        return str(_("Only what is paid by the month can be paused."))
    return ""


def pause_ends_at(row: Subscription, months: int) -> datetime:
    """When it goes on by itself, if so many payments are left out."""
    if row.period_ends_at is None:
        raise ValueError("a subscription that has no period is not paused")
    end = row.period_ends_at
    years, month = divmod(end.month - 1 + months, 12)
    year, month = end.year + years, month + 1
    return (
        end.replace(year=year, month=month, day=min(end.day, monthrange(year, month)[1])) - BEFORE
    )


def subscription_pause(*, actor: Actor, tenant: Tenant, months: int) -> Subscription | None:
    """Leave out so many payments, 1 to 3. The plan rests from now on; what is paid for is not paid back.

    Not inside a transaction. Publishes billing.subscription_paused, and as subscription_take_over does.
    Raises PermissionDenied, ReauthenticationRequired, InvalidInput, Conflict (`not_subscribed`,
    `cannot_pause`, `busy`), StripeUnavailable.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidInput.field("pause_months", _("Choose 1 to 3 months."), "out_of_range")
    subscription_live(actor, tenant)
    with customers_turn(tenant):
        row = subscription_live(actor, tenant)
        if problem := pause_problem(row):
            raise Conflict(problem, code="cannot_pause")
        resumes_at = int(pause_ends_at(row, months).timestamp())
        change: Any = {
            "pause_collection": {"behavior": "void", "resumes_at": resumes_at},
            "metadata": {
                PAUSE_RESUMES_AT: str(resumes_at),
                PAUSE_PAID_UNTIL: str(int(row.period_ends_at.timestamp())),  # type: ignore[union-attr]
            },
        }
        with gateway.stripe_client() as client:
            client.v1.subscriptions.update(row.stripe_id, change)
        event = SubscriptionPaused(
            tenant_id=tenant.id,
            stripe_id=row.stripe_id,
            months=months,
            resumes_at=pause_ends_at(row, months),
        )
        return take_over(actor, tenant, row.stripe_id, event)


def resume_preview(*, actor: Actor, tenant: Tenant) -> Money | None:
    """What going on now costs; None: nothing, for this period is paid. Then Stripe is not asked.

    Not inside a transaction. Raises as subscription_resume does.
    """
    row = _paused(actor, tenant)
    if not row.has_skipped_payment:
        return None
    asked: Any = {
        "subscription": row.stripe_id,
        "subscription_details": {"billing_cycle_anchor": "now", "proration_behavior": "none"},
    }
    with gateway.stripe_client() as client:
        found = client.v1.invoices.create_preview(asked)
    return Money(found.amount_due, found.currency.upper())


def subscription_resume(*, actor: Actor, tenant: Tenant) -> Subscription | None:
    """Go on before the pause ends. If a payment was left out already, a period begins now, and is charged.

    Not inside a transaction. Publishes billing.subscription_resumed, and as subscription_take_over does.
    Raises PermissionDenied, ReauthenticationRequired, Conflict (`not_subscribed`, `not_paused`: or somebody
    else paused it; `busy`), PaymentDeclined, which leaves it paused, StripeUnavailable.
    """
    subscription_live(actor, tenant)
    with customers_turn(tenant):
        row = _paused(actor, tenant)
        is_charged = row.has_skipped_payment
        change: Any = {
            "pause_collection": "",
            "metadata": {PAUSE_RESUMES_AT: "", PAUSE_PAID_UNTIL: ""},
        }
        if is_charged:
            change |= {
                "billing_cycle_anchor": "now",
                "proration_behavior": "none",
                "payment_behavior": "error_if_incomplete",
            }
        with gateway.stripe_client() as client:
            client.v1.subscriptions.update(row.stripe_id, change)
        event = SubscriptionResumed(
            tenant_id=tenant.id, stripe_id=row.stripe_id, is_charged=is_charged
        )
        return take_over(actor, tenant, row.stripe_id, event)


def _paused(actor: Actor, tenant: Tenant) -> Subscription:
    row = subscription_live(actor, tenant)
    if not row.is_own_pause:
        raise Conflict(_("There is no pause of yours to end."), code="not_paused")
    return row
