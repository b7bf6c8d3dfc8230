"""Buying a plan: on Stripe's page, which takes the card. What is bought comes back as an event."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.add_ons import add_ons_priced
from apps.billing.customers import billing_customer_ensure
from apps.billing.events import CheckoutBegun, PortalOpened
from apps.billing.life import LIVING
from apps.billing.models import BillingCustomer, Price, Subscription
from apps.billing.permissions import MANAGE_BILLING
from apps.billing.seats import seats_billed
from apps.billing.selectors import versions_sold
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish
from apps.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Page:
    """Of Stripe's, where the browser is sent; good for a while, once."""

    id: str
    url: str


def price_sold(price_id: uuid.UUID) -> Price:
    """A price of a plan that is sold, for money. One statement. Raises NotFound, Conflict."""
    price = (
        Price.objects.select_related("plan_version__plan")
        .filter(id=price_id, plan_version__in=versions_sold().order_by(), amount_minor__gt=0)
        .first()
    )
    if price is None or price.plan_version is None or not price.plan_version.plan.is_public:
        raise NotFound
    if not price.stripe_price_id:
        raise Conflict(
            _("This plan cannot be bought yet. Ask us, or try again later."), code="not_for_sale"
        )
    return price


def checkout_begin(
    *,
    actor: Actor,
    tenant: Tenant,
    price_id: uuid.UUID,
    email: str,
    add_ons: Mapping[str, int] | None = None,
) -> Page:
    """A page of Stripe's to buy the plan on. The first subscription begins with the plan's trial.

    Whatever page was open before is closed: of two, both could be paid. Then Stripe is asked whether one has
    been, of which no event has come yet. email: where Stripe sends invoices. add_ons: how many of which, by
    code.
    Not inside a transaction. Publishes billing.customer_created, once, and billing.checkout_begun.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, InvalidInput, Conflict (`subscribed`: the
    plan is to be changed instead; `other_currency`; `not_for_sale`), StripeRefused, StripeUnavailable.
    """
    authorize(actor, MANAGE_BILLING)
    actor.require_recent_proof()
    price = price_sold(price_id)
    row = Subscription.objects.filter(tenant_id=tenant.id).first()
    if row is not None and row.is_live:
        raise Conflict(
            _("The workspace has a subscription. Change its plan instead."), code="subscribed"
        )
    beside = add_ons_priced(price, add_ons or {})
    customer = billing_customer_ensure(actor=actor, tenant=tenant, email=email)
    _require_currency(customer, price)
    version: Any = price.plan_version
    taxed: bool = settings.STRIPE_AUTOMATIC_TAX
    subscription: dict[str, Any] = {"metadata": {"tenant_id": str(tenant.id)}}
    if version.trial_days and row is None:
        subscription["trial_period_days"] = version.trial_days
    with gateway.stripe_client() as client:
        _close_open_pages(client, customer)
        _require_nothing_bought(client, customer)
        page: Any = {
            "mode": "subscription",
            "customer": customer.stripe_id or "",
            "client_reference_id": str(tenant.id),
            "line_items": [
                {"price": one.stripe_price_id or "", "quantity": quantity}
                for one, quantity in [
                    (price, seats_billed(tenant) if price.is_per_seat else 1),
                    *beside,
                ]
            ],
            "subscription_data": subscription,
            "allow_promotion_codes": True,
            "billing_address_collection": "required" if taxed else "auto",
            "automatic_tax": {"enabled": taxed},
            "customer_update": {"name": "auto", "address": "auto"},
            "tax_id_collection": {"enabled": True},
            "success_url": tenant.url("/plan/?bought=yes"),
            "cancel_url": tenant.url("/plan/compare/"),
        }
        made = client.v1.checkout.sessions.create(page)
    with transaction.atomic():
        event = CheckoutBegun(
            tenant_id=tenant.id,
            session_id=made.id,
            plan=version.plan.code,
            interval=price.interval,
            currency=price.currency,
        )
        publish(event, actor=actor, tenant_id=tenant.id)
    return Page(made.id, made.url or "")


def _require_currency(customer: BillingCustomer, price: Price) -> None:
    """Stripe keeps one currency a customer."""
    if customer.currency and customer.currency.upper() != price.currency:
        raise Conflict(
            _("The workspace pays in %s.") % customer.currency.upper(), code="other_currency"
        )


def _close_open_pages(client: Any, customer: BillingCustomer) -> None:
    listed = client.v1.checkout.sessions.list({"customer": customer.stripe_id, "status": "open"})
    for one in listed.auto_paging_iter():
        client.v1.checkout.sessions.expire(one.id)


def _require_nothing_bought(client: Any, customer: BillingCustomer) -> None:
    """With no page open, nothing can be bought meanwhile."""
    listed = client.v1.subscriptions.list({"customer": customer.stripe_id, "limit": 100})
    if any(one.status in LIVING for one in listed.auto_paging_iter()):
        raise Conflict(
            _("A plan has just been bought for the workspace. It shows here in a moment."),
            code="subscribed",
        )


def portal_begin(*, actor: Actor, tenant: Tenant) -> Page:
    """Stripe's page for payment methods, address, tax ids and receipts. Not inside a transaction.

    Publishes billing.portal_opened.
    Raises PermissionDenied, ReauthenticationRequired, Conflict (`no_customer`: nothing was bought yet),
    StripeRefused, StripeUnavailable.
    """
    authorize(actor, MANAGE_BILLING)
    actor.require_recent_proof()
    customer = customer_known(tenant.id)
    with gateway.stripe_client() as client:
        made = client.v1.billing_portal.sessions.create(
            {"customer": customer.stripe_id or "", "return_url": tenant.url("/plan/")}
        )
    with transaction.atomic():
        event = PortalOpened(tenant_id=tenant.id, session_id=made.id)
        publish(event, actor=actor, tenant_id=tenant.id)
    return Page(made.id, made.url)


@system_connection()
def customer_known(tenant_id: uuid.UUID) -> BillingCustomer:
    """The tenant's customer at Stripe. Raises Conflict."""
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id, stripe_id__isnull=False).first()
    if customer is None:
        raise Conflict(_("Nothing has been bought yet. Choose a plan first."), code="no_customer")
    return customer
