"""Reads of domains."""

import uuid
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.tenancy import current_tenant
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Domain, Tenant
from apps.tenants.permissions import VIEW_SETTINGS

RECHECK_AFTER = timedelta(hours=24)


def domains_for(actor: Actor) -> QuerySet[Domain]:
    """Domains of the current tenant with their tenant, oldest first. Raises PermissionDenied."""
    authorize(actor, VIEW_SETTINGS)
    ref = current_tenant()
    found = Domain.objects.select_related("tenant").order_by("id")
    return found.filter(tenant_id=ref.id) if ref else found.none()


def domain_for(actor: Actor, domain_id: uuid.UUID) -> Domain:
    """One of the current tenant's domains. Raises PermissionDenied, NotFound."""
    domain = domains_for(actor).filter(id=domain_id).first()
    if domain is None:
        raise NotFound
    return domain


def domains_of(tenant: Tenant) -> QuerySet[Domain]:
    """For operators: every domain of a tenant, oldest first."""
    return tenant.domains.select_related("tenant").order_by("id")


def domains_to_recheck() -> QuerySet[Domain]:
    """Verified domains of open tenants, proven by a record that was last looked for a day ago or more."""
    due = timezone.now() - RECHECK_AFTER
    return (
        Domain.objects.filter(
            Q(checked_at__isnull=True) | Q(checked_at__lte=due),
            verified_at__isnull=False,
            tenant__status=S.READY,
        )
        .exclude(token="")
        .order_by("checked_at", "id")
    )
