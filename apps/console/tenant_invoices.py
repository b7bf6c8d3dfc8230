"""A tenant's invoices, as Stripe has them."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from apps.billing.invoices import InvoiceLine, invoices_of
from apps.common.actors import Actor
from apps.console import rendering as r
from apps.console.pages import Cell, Table
from apps.tenants.models import Tenant

TONES = {"open": "warn", "paid": "good", "void": "quiet", "uncollectible": "bad"}
SHOWN = 100
ACTOR = Actor.system("console")


def invoices_table(tenant: Tenant) -> Table:
    """The latest; two statements."""
    rows = invoices_of(ACTOR, tenant.pk).order_by("-created", "-id")[:SHOWN]
    return Table(
        "Invoices",
        ("Number", "Created", "State", "Total", "Owed", "Paid back", "PDF", "Act"),
        [_row(tenant, InvoiceLine.of(row)) for row in rows],
        empty="Stripe has made none.",
    )


def _row(tenant: Tenant, one: InvoiceLine) -> tuple[Cell, ...]:
    return (
        r.link(one.url, one.number or one.id) if one.url else one.number or one.id,
        r.when(one.created),
        r.badge(one.status.capitalize(), TONES.get(one.status, "quiet")),
        str(one.total),
        str(one.due) if one.due.amount_minor else r.NONE,
        str(one.refunded) if one.refunded.amount_minor else r.NONE,
        r.link(one.pdf_url, "PDF") if one.pdf_url else r.NONE,
        _refund_link(tenant, one) if one.refundable.amount_minor else r.NONE,
    )


def _refund_link(tenant: Tenant, one: InvoiceLine) -> SafeString:
    url = reverse("admin:tenants_tenant_refund_invoice", args=[tenant.pk])
    return r.link(f"{url}?{urlencode({'invoice': one.id})}", "Refund")
