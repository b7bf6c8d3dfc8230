"""Buying credits: packs on Stripe's page, and by themselves when the wallet is low."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing.models import BillingCustomer
from apps.billing.services.checkout import Page
from apps.billing.services.purchases import pack_checkout_begin, pack_price
from apps.billing.services.top_up_settings import (
    TopUpWish,
    card_require,
    top_up_resume,
    top_up_set,
    top_up_stop,
    wish_validate,
)
from apps.billing.services.top_ups import top_up_buy
from apps.common.access import authorize, require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import InvalidInput
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID
from apps.credits.models import Account
from apps.credits.permissions import BUY_CREDITS
from apps.credits.services.alerts import alert_set
from apps.tenants.models import Tenant


def packs_checkout_begin(
    *, actor: Actor, tenant: Tenant, pack: str, currency: str, quantity: int, email: str
) -> Page:
    """A page of Stripe's to buy packs on. What is paid there comes as a grant, with Stripe's event.

    pack: a code. email: where Stripe sends the receipt. Not inside a transaction. Publishes
    billing.customer_created, once.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, InvalidInput, Conflict (`not_for_sale`,
    `other_currency`), StripeRefused, StripeUnavailable.
    """
    authorize(actor, BUY_CREDITS)
    actor.require_recent_proof()
    price = pack_price(pack, currency)
    return pack_checkout_begin(
        actor=actor, tenant=tenant, price=price, quantity=quantity, email=email
    )


def auto_top_up_set(
    *,
    actor: Actor,
    tenant: Tenant,
    is_on: bool,
    alert_below_microcredits: int | None,
    pack: str = "",
    currency: str = "",
    quantity: int = 1,
    monthly_cap_minor: int = 0,
) -> None:
    """Below what the wallet is low, which is told of; and whether a pack is bought then, and how often.

    Without a pack it is off. A setting that was paused begins anew. Not inside a transaction: Stripe is asked
    for a card. Locks the setting and the wallet. Publishes billing.auto_top_up_changed,
    credits.alert_changed.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, InvalidInput, Conflict (`not_for_sale`,
    `no_payment_method`), StripeUnavailable.
    """
    authorize(actor, BUY_CREDITS)
    actor.require_recent_proof()
    wish = None
    if pack:
        wish = TopUpWish(is_on, pack_price(pack, currency), quantity, monthly_cap_minor)
        wish_validate(wish, alert_below_microcredits, _currency_of(tenant.id))
    elif is_on:
        raise InvalidInput.field("pack", _("Choose what is bought."), "required")
    if is_on:
        card_require(tenant.id)
    _save(actor, tenant, wish, alert_below_microcredits)


@system_connection()
@transaction.atomic
def _save(actor: Actor, tenant: Tenant, wish: TopUpWish | None, below: int | None) -> None:
    if wish is not None:
        top_up_set(actor=actor, tenant_id=tenant.id, wish=wish)
    else:
        top_up_stop(actor=actor, tenant_id=tenant.id)
    with tenant_context(tenant):
        alert_set(actor=actor, below_microcredits=below)


def auto_top_up_resume(*, actor: Actor, tenant: Tenant) -> None:
    """After a failed payment: what is low is bought for again, from now on.

    Not inside a transaction: Stripe is asked for a card. Publishes billing.auto_top_up_resumed.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, Conflict (`not_paused`,
    `no_payment_method`), StripeUnavailable.
    """
    authorize(actor, BUY_CREDITS)
    actor.require_recent_proof()
    card_require(tenant.id)
    top_up_resume(actor=actor, tenant_id=tenant.id)


def auto_top_up_run(*, actor: Actor, tenant_id: uuid.UUID) -> bool:
    """Buy, in the entered tenant, if its wallet is low and it wants that. Safe to repeat, and at once.

    False: somebody else is at it; to be asked again. Not inside a transaction. Publishes as
    billing's top_up_buy does. Raises PermissionDenied, StripeUnavailable.
    """
    require_platform(actor)
    wallet = Account.objects.get(id=WALLET_ID)
    if wallet.low_at is None or wallet.alert_below_microcredits is None:
        return True
    return top_up_buy(
        actor=actor,
        tenant_id=tenant_id,
        low_at=wallet.low_at,
        below_microcredits=wallet.alert_below_microcredits,
    )


@system_connection()
def _currency_of(tenant_id: uuid.UUID) -> str:
    found = BillingCustomer.objects.filter(tenant_id=tenant_id)
    return found.values_list("currency", flat=True).first() or ""
