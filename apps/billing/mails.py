"""The mails of a subscription's life, to who looks after it."""

import uuid
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives

from apps.accounts.mailer import render_mail
from apps.billing.enums import Notice, Standing
from apps.billing.invoices import invoice_owed
from apps.billing.life import RESTRICTED_DAYS, is_so
from apps.billing.models import BillingCustomer, Price, Subscription, TenantAddOn
from apps.billing.permissions import MANAGE_BILLING
from apps.billing.selectors import add_ons_paid_for, version_for_new_tenants
from apps.common.database import system_connection
from apps.common.money import Money
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import members_permitted
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@system_connection()
def contacts_of(tenant_id: uuid.UUID) -> list[uuid.UUID | None]:
    """Ids of the members who may manage billing; None for the customer's address, if it is none of theirs.

    Also of a tenant that is closed: that is what some mails are about. Four statements.
    """
    tenant = _tenant(tenant_id)
    if tenant is None:
        return []
    with tenant_context(tenant):
        members = members_permitted(MANAGE_BILLING)
    address = _customer_address(tenant_id)
    contacts: list[uuid.UUID | None] = [member.id for member in members]
    if address and address.lower() not in {member.email.lower() for member in members}:
        contacts.append(None)
    return contacts


@system_connection()
def notice_mail(
    notice: Notice, *, tenant_id: uuid.UUID, stripe_id: str, member_id: uuid.UUID | None
) -> EmailMultiAlternatives | None:
    """None where it is not true any more, or whom it was for is gone. member_id: as of contacts_of."""
    tenant = _tenant(tenant_id)
    rows = Subscription.objects.select_related("price__plan_version__plan")
    row = rows.filter(tenant_id=tenant_id, stripe_id=stripe_id).first()
    if tenant is None or row is None or not is_so(notice, row.standing):
        return None
    to = address_of(tenant, member_id)
    if not to:
        return None
    return render_mail(
        prefix=f"emails/billing/{notice}", to=to, context=_context(notice, tenant, row)
    )


def _context(notice: Notice, tenant: Tenant, row: Subscription) -> dict[str, Any]:
    """url: where the button leads. A workspace that is closed has no page: there it is Stripe's, or none."""
    invoice = invoice_owed(tenant.id)
    plan_url = tenant.url("/plan/")
    pay_url = invoice.url if invoice else ""
    url = plan_url
    if notice in (Notice.PAYMENT_FAILED, Notice.RESTRICTED):
        url = pay_url or plan_url
    elif notice == Notice.SUSPENDED:
        url = pay_url
    elif notice == Notice.ENDED:
        url = tenant.url("/plan/compare/")
    restricted_at, suspended_at = None, row.standing_changes_at
    if row.standing == Standing.GRACE and row.standing_changes_at is not None:
        restricted_at = row.standing_changes_at
        suspended_at = restricted_at + timedelta(days=RESTRICTED_DAYS)
    price, default = row.price, version_for_new_tenants()
    add_ons = add_ons_paid_for(tenant.id)
    version = price.plan_version if price else None
    return {
        "tenant": tenant,
        "row": row,
        "plan": version.plan.name if version else "",
        "default_plan": default.plan.name if default else "",
        "seats": row.quantity if price and price.is_per_seat else None,
        "add_ons": add_ons,
        "total": _total(price, row.quantity, add_ons) if price else None,
        "invoice": invoice,
        "restricted_at": restricted_at,
        "suspended_at": suspended_at,
        "plan_url": plan_url,
        "url": url,
    }


def _total(price: Price, quantity: int, add_ons: list[TenantAddOn]) -> Money:
    """Of a period, with what is paid for besides, without discounts and taxes. One statement at most."""
    total = price.money * (quantity if price.is_per_seat else 1)
    quantities = {one.add_on_id: one.paid_quantity for one in add_ons}
    if not quantities:
        return total
    costs = Price.objects.filter(
        add_on__in=list(quantities), currency=price.currency, interval=price.interval
    )
    return sum((one.money * quantities[one.add_on_id] for one in costs if one.add_on_id), total)


def _tenant(tenant_id: uuid.UUID) -> Tenant | None:
    tenant = tenant_by_id(tenant_id)
    return tenant if tenant is not None and tenant.purge_started_at is None else None


def address_of(tenant: Tenant, member_id: uuid.UUID | None) -> str:
    if member_id is None:
        return _customer_address(tenant.id)
    with tenant_context(tenant):
        active = Member.objects.filter(id=member_id, status=MemberStatus.ACTIVE)
        return active.values_list("email", flat=True).first() or ""


def _customer_address(tenant_id: uuid.UUID) -> str:
    found = BillingCustomer.objects.filter(tenant_id=tenant_id)
    return found.values_list("email", flat=True).first() or ""
