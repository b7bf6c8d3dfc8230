"""Whether packs are bought by themselves, which, and up to how much a month.

Parts of the services of the credits, which have authorized them.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing.events import AutoTopUpChanged, AutoTopUpResumed
from apps.billing.models import AutoTopUp, BillingCustomer, PackPrice
from apps.billing.services.purchases import MOST_PACKS
from apps.billing.services.top_ups import card_of
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish

MOST_A_MONTH_MINOR = 10**12


@dataclass(frozen=True, slots=True)
class TopUpWish:
    """monthly_cap_minor: in the smallest unit of the price's currency, without taxes."""

    is_on: bool
    price: PackPrice
    quantity: int
    monthly_cap_minor: int


@system_connection()
def card_require(tenant_id: uuid.UUID) -> None:
    """That Stripe has a card to charge. Not inside a transaction. Raises Conflict (`no_payment_method`),
    StripeUnavailable.
    """
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id, stripe_id__isnull=False).first()
    if customer is None or not card_of(customer):
        raise Conflict(
            _("There is no card to charge. Buy a pack once, or add a card under Plan."),
            code="no_payment_method",
        )


def wish_validate(wish: TopUpWish, below_microcredits: int | None, currency: str) -> None:
    """currency: in which the tenant pays, lower case; empty: it paid nothing yet. Raises InvalidInput.

    What is bought brings any balance above the threshold: one crossing is one purchase.
    """
    if not 1 <= wish.quantity <= MOST_PACKS:
        raise InvalidInput.field(
            "quantity", _("Choose 1 to %(most)s packs.") % {"most": MOST_PACKS}, "out_of_range"
        )
    if currency and currency.upper() != wish.price.currency:
        raise InvalidInput.field(
            "currency", _("The workspace pays in %s.") % currency.upper(), "other_currency"
        )
    total = wish.price.money * wish.quantity
    if not total.amount_minor <= wish.monthly_cap_minor <= MOST_A_MONTH_MINOR:
        raise InvalidInput.field(
            "monthly_cap_minor",
            _("At least %(total)s, what is bought at once.") % {"total": total},
            "out_of_range",
        )
    if wish.is_on and below_microcredits is None:
        raise InvalidInput.field(
            "alert_below_microcredits", _("Say below what it is bought."), "required"
        )
    if below_microcredits is not None and (
        wish.price.pack.credits_microcredits * wish.quantity < below_microcredits
    ):
        raise InvalidInput.field(
            "alert_below_microcredits",
            _("What is bought at once is to be at least as much."),
            "more_than_bought",
        )


@transaction.atomic
def top_up_set(*, actor: Actor, tenant_id: uuid.UUID, wish: TopUpWish) -> AutoTopUp:
    """As the system. What was paused begins anew when it is turned on. Locks the setting.

    Publishes billing.auto_top_up_changed.
    """
    price = wish.price
    row = AutoTopUp.objects.select_for_update().filter(tenant_id=tenant_id).first()
    row = row or AutoTopUp(tenant_id=tenant_id)
    row.is_on, row.pack, row.quantity = wish.is_on, price.pack, wish.quantity
    row.currency, row.monthly_cap_minor = price.currency, wish.monthly_cap_minor
    row.paused_at, row.pause_code, row.pause_reason, row.capped_on = None, "", "", None
    row.save()
    publish(
        AutoTopUpChanged(
            tenant_id=tenant_id,
            is_on=row.is_on,
            pack=price.pack.code,
            quantity=row.quantity,
            monthly_cap_minor=row.monthly_cap_minor,
            currency=row.currency,
        ),
        actor=actor,
        tenant_id=tenant_id,
    )
    return row


@transaction.atomic
def top_up_stop(*, actor: Actor, tenant_id: uuid.UUID) -> None:
    """As the system. Nothing where it is off. Publishes billing.auto_top_up_changed."""
    rows = AutoTopUp.objects.select_for_update(of=("self",)).select_related("pack")
    row = rows.filter(tenant_id=tenant_id, is_on=True).first()
    if row is None:
        return
    row.is_on, row.paused_at, row.pause_code, row.pause_reason = False, None, "", ""
    row.save()
    publish(
        AutoTopUpChanged(
            tenant_id=tenant_id,
            is_on=False,
            pack=row.pack.code,
            quantity=row.quantity,
            monthly_cap_minor=row.monthly_cap_minor,
            currency=row.currency,
        ),
        actor=actor,
        tenant_id=tenant_id,
    )


@system_connection()
@transaction.atomic
def top_up_resume(*, actor: Actor, tenant_id: uuid.UUID) -> None:
    """Buy again, after a failure. Locks the setting. Publishes billing.auto_top_up_resumed.

    Raises NotFound (it is off), Conflict (`not_paused`).
    """
    row = AutoTopUp.objects.select_for_update().filter(tenant_id=tenant_id, is_on=True).first()
    if row is None:
        raise NotFound
    if row.paused_at is None:
        raise Conflict(_("It is not paused."), code="not_paused")
    row.paused_at, row.pause_code, row.pause_reason = None, "", ""
    row.save(update_fields=["paused_at", "pause_code", "pause_reason", "updated_at"])
    publish(AutoTopUpResumed(tenant_id=tenant_id), actor=actor, tenant_id=tenant_id)
