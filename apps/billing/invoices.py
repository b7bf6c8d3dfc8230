"""A tenant's invoices, as dj-stripe's copies say them: Stripe makes and keeps them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from djstripe.models import Invoice

from apps.billing.models import BillingCustomer
from apps.billing.permissions import VIEW_BILLING
from apps.billing.stripe_shapes import at, invoice_refundable_minor, invoice_tax_cents
from apps.common.access import authorize, require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import NotFound
from apps.common.money import Money

# One that is being put together is nobody's business yet.
DRAFT = "draft"
OPEN = "open"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An invoice in a list. status: Stripe's: open, paid, void, uncollectible. urls: Stripe's pages, to pay
    it on and of its PDF; empty where there is none. tax: contained in total. refunded: by credit notes;
    refundable: what is left to.
    """

    id: str
    number: str
    status: str
    total: Money
    tax: Money
    due: Money
    refunded: Money
    refundable: Money
    created: datetime
    due_at: datetime | None
    url: str
    pdf_url: str

    @classmethod
    def of(cls, row: Any) -> "InvoiceLine":
        data = row.stripe_data
        currency = str(data["currency"]).upper()
        return cls(
            id=row.id,
            number=data.get("number") or "",
            status=data.get("status") or "",
            total=Money(data.get("total") or 0, currency),
            tax=Money(invoice_tax_cents(data), currency),
            due=Money(data.get("amount_remaining") or 0, currency),
            refunded=Money(data.get("post_payment_credit_notes_amount") or 0, currency),
            refundable=Money(invoice_refundable_minor(data), currency),
            created=row.created,
            due_at=at(data.get("due_date")),
            url=data.get("hosted_invoice_url") or "",
            pdf_url=data.get("invoice_pdf") or "",
        )


@system_connection()
def invoices_for(actor: Actor) -> QuerySet[Any]:
    """Of the actor's tenant, without drafts; to be evaluated inside system_connection(). One statement.

    Raises PermissionDenied, NotFound for an actor in no tenant.
    """
    authorize(actor, VIEW_BILLING)
    if actor.tenant_id is None:
        raise NotFound
    return _of(actor.tenant_id)


@system_connection()
def invoices_of(actor: Actor, tenant_id: uuid.UUID) -> QuerySet[Any]:
    """Of a tenant, for the platform; else as invoices_for. Raises PermissionDenied."""
    require_platform(actor)
    return _of(tenant_id)


def _of(tenant_id: uuid.UUID) -> QuerySet[Any]:
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id).first()
    stripe_id = customer.stripe_id if customer else None
    if not stripe_id:
        return Invoice.objects.none()
    return Invoice.objects.filter(customer__id=stripe_id).exclude(stripe_data__status=DRAFT)


@system_connection()
def invoice_paid_of(tenant_id: uuid.UUID, invoice_id: str) -> InvoiceLine | None:
    """The tenant's, if it is paid. Two statements."""
    row = _of(tenant_id).filter(id=invoice_id, stripe_data__status="paid").first()
    return InvoiceLine.of(row) if row else None


@system_connection()
def invoice_owed(tenant_id: uuid.UUID) -> InvoiceLine | None:
    """The latest that is to be paid, for mails about it. Two statements."""
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id, stripe_id__isnull=False).first()
    if customer is None:
        return None
    owed = Invoice.objects.filter(customer__id=customer.stripe_id, stripe_data__status=OPEN)
    row = owed.order_by("-created", "-djstripe_id").first()
    return InvoiceLine.of(row) if row else None
