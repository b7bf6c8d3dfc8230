"""Mails about invoices that were paid, to where the tenant wants them."""

import uuid

from django.core.mail import EmailMultiAlternatives

from apps.accounts.mailer import render_mail
from apps.billing.invoices import invoice_paid_of
from apps.billing.models import BillingCustomer
from apps.billing.permissions import MANAGE_BILLING
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.organizations.holders import members_permitted
from apps.tenants.selectors import tenant_by_id


@system_connection()
def receipt_mails(*, tenant_id: uuid.UUID, invoice_id: str) -> list[EmailMultiAlternatives]:
    """One for each address: the customer's and the extra ones; without any, of who manages billing.

    None where the tenant is being deleted, or the invoice is not paid (any more).
    """
    tenant = tenant_by_id(tenant_id)
    if tenant is None or tenant.purge_started_at is not None:
        return []
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id).first()
    invoice = invoice_paid_of(tenant_id, invoice_id)
    if customer is None or invoice is None:
        return []
    addresses = [one for one in (customer.email, *customer.extra_emails) if one]
    if not addresses:
        with tenant_context(tenant):
            addresses = [member.email for member in members_permitted(MANAGE_BILLING)]
    context = {"tenant": tenant, "invoice": invoice, "url": invoice.url or tenant.url("/plan/")}
    return [
        render_mail(prefix="emails/billing/receipt", to=to, context=context)
        for to in dict.fromkeys(addresses)
    ]
