from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind, Period
from apps.common.tenancy import TenantRef
from apps.tenants.models import Domain

CUSTOM_DOMAINS = "tenants.custom_domains"
EXPORTS = "tenants.exports"


def _domains(tenant: TenantRef) -> list[QuerySet[Any]]:
    """Subdomains of ours are nobody's own."""
    own = Domain.objects.filter(tenant_id=tenant.id)
    return [own.exclude(domain__endswith=f".{settings.BASE_DOMAIN}").values("id")]


ENTITLEMENTS = [
    Entitlement(
        CUSTOM_DOMAINS,
        _("Domains of your own"),
        _("Host names that lead to the workspace, besides its subdomain."),
        Kind.LIMIT,
        unit=_("domains"),
        rows=_domains,
        order=40,
    ),
    Entitlement(
        EXPORTS,
        _("Exports"),
        _("Archives of everything in the workspace that are asked for in a month."),
        Kind.METERED,
        unit=_("exports"),
        period=Period.MONTH,
        order=45,
    ),
]
