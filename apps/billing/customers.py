"""Which customer of Stripe a tenant is."""

import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from django.db import transaction

from apps.billing import gateway
from apps.billing.events import CustomerCreated
from apps.billing.models import BillingCustomer
from apps.billing.stripe_shapes import address_of
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.events.services import publish
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

# By which events of Stripe are led back to the row, also when the answer to our request was lost.
METADATA_KEY = "billing_customer_id"


def billing_customer_for(actor: Actor, tenant_id: uuid.UUID) -> BillingCustomer | None:
    """The tenant's, None if it has none yet. Raises NotFound for another tenant's actor."""
    _require_own(actor, tenant_id)
    return BillingCustomer.objects.filter(tenant_id=tenant_id).first()


def billing_customer_ensure(*, actor: Actor, tenant: Tenant, email: str = "") -> BillingCustomer:
    """The tenant's customer at Stripe, made if there is none: one, however many ask at once.

    A part of services that have authorized what they do with it. Not inside a transaction: it notes the
    intent, asks Stripe, notes the answer. Dies it in between, the next call, or Stripe's event, finds the
    same customer. email: where Stripe sends invoices to. Publishes billing.customer_created.
    Raises NotFound for another tenant's actor, StripeRefused, StripeUnavailable.
    """
    _require_own(actor, tenant.id)
    customer = _intend(tenant, email)
    if customer.stripe_id:
        return customer
    with gateway.stripe_client() as client:
        # What is sent is what the row has: with the same key, Stripe wants the same.
        made = client.v1.customers.create(
            {
                "name": customer.name,
                **({"email": customer.email} if customer.email else {}),
                "metadata": {METADATA_KEY: str(customer.id), "tenant_id": str(tenant.id)},
            },
            {"idempotency_key": gateway.idempotency_key("customer", customer.id)},
        )
    return billing_customer_link(actor=actor, customer_id=customer.id, stripe_id=made.id)


@transaction.atomic(durable=True)
def _intend(tenant: Tenant, email: str) -> BillingCustomer:
    """The row, whoever inserts it first."""
    BillingCustomer.objects.bulk_create(
        [BillingCustomer(tenant=tenant, name=tenant.name[:256], email=email[:512])],
        ignore_conflicts=True,
    )
    return BillingCustomer.objects.get(tenant=tenant)


@transaction.atomic
def billing_customer_link(
    *, actor: Actor, customer_id: uuid.UUID, stripe_id: str
) -> BillingCustomer:
    """Note which customer of Stripe it is; the first one stays.

    Locks the row. Publishes billing.customer_created, once. Raises NotFound.
    """
    customer = BillingCustomer.objects.select_for_update().filter(id=customer_id).first()
    if customer is None:
        raise NotFound
    if customer.stripe_id is None:
        customer.stripe_id = stripe_id
        customer.save(update_fields=["stripe_id", "updated_at"])
        publish(
            CustomerCreated(customer_id=customer.id, stripe_id=stripe_id),
            actor=actor,
            tenant_id=customer.tenant_id,
        )
    return customer


@transaction.atomic
def billing_customer_follow(*, actor: Actor, found: Mapping[str, Any]) -> BillingCustomer | None:
    """Name, address and currency are what Stripe has: people change them in its portal.

    found: Stripe's customer. One that was made for a row of ours which does not know it, because whoever
    asked for it died before Stripe answered, is linked by what it says of itself. None: it is no tenant's.
    Locks the row. Publishes billing.customer_created when it links.
    """
    row = BillingCustomer.objects.select_for_update().filter(stripe_id=found["id"]).first()
    if row is None:
        row = _intended(found)
        if row is None:
            return None
        row = billing_customer_link(actor=actor, customer_id=row.id, stripe_id=found["id"])
    row.email = found.get("email") or ""
    row.name = found.get("name") or row.name
    row.currency, row.address = found.get("currency") or "", address_of(found)
    row.save(update_fields=["email", "name", "currency", "address", "updated_at"])
    return row


def _intended(found: Mapping[str, Any]) -> BillingCustomer | None:
    try:
        row_id = uuid.UUID((found.get("metadata") or {}).get(METADATA_KEY, ""))
    except ValueError:
        return None
    row = BillingCustomer.objects.filter(id=row_id).first()
    if row is not None and row.stripe_id is not None:
        log.error("billing.second_customer", stripe_id=found["id"], known=row.stripe_id)
        return None
    return row


def _require_own(actor: Actor, tenant_id: uuid.UUID) -> None:
    if not (actor.is_platform or actor.tenant_id == tenant_id):
        raise NotFound
