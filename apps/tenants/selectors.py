"""Reads of tenants: by host, slug or id. No access decision is made here but `tenant_for`."""

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import NotFound
from apps.common.tenancy import (
    TenantGone,
    TenantInMaintenance,
    TenantNotReady,
    TenantNotRunnable,
    TenantRef,
)
from apps.common.urls import slug_host
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant
from apps.tenants.slugs import SLUG

IN_PROGRESS = (S.PENDING, S.PROVISIONING)


def tenant_by_host(host: str) -> Tenant | None:
    """The tenant that a verified domain leads to. host: lower case, without port. One statement."""
    return _find(host=host)


def tenant_by_slug(slug: str) -> Tenant | None:
    """The tenant that has the slug, or had it and kept its subdomain. One statement.

    None for what cannot be a slug. Never two: who has a slug has its subdomain.
    """
    return _find(host=slug_host(slug), slug=slug) if SLUG.fullmatch(slug) else None


def tenant_by_id(tenant_id: uuid.UUID) -> Tenant | None:
    """One statement."""
    return _find(tenant_id=tenant_id)


def _find(
    host: str | None = None, slug: str | None = None, tenant_id: uuid.UUID | None = None
) -> Tenant | None:
    """By exact keys of one tenant, with the app's login too, to which row-level security shows none."""
    found = Tenant.objects.raw("SELECT * FROM tenants_find(%s, %s, %s)", [host, slug, tenant_id])
    return next(iter(found), None)


@system_connection()
def tenant_for(actor: Actor, tenant_id: uuid.UUID) -> Tenant:
    """A tenant as its creator, or as platform staff. Raises NotFound.

    The creator: while it is being made, and then as long as they are in it.
    """
    found = Tenant.objects.filter(id=tenant_id)
    if not actor.is_platform:
        if actor.person_id is None:
            raise NotFound
        is_in_it = Q(status__in=(*IN_PROGRESS, S.FAILED)) | Q(
            memberships__person_id=actor.person_id
        )
        found = found.filter(is_in_it, owner_person_id=actor.person_id).distinct()
    tenant = found.first()
    if tenant is None:
        raise NotFound
    return tenant


RUNNABLE_QUERY = (
    "SELECT slug, schema_name, status, maintenance_since FROM tenants_tenant WHERE id = %s"
)


def runnable_ref(tenant_id: uuid.UUID, row: tuple[Any, ...] | None) -> TenantRef:
    """For tasks and handlers: the reference of a ready tenant that is open, from its RUNNABLE_QUERY row.

    Raises TenantNotRunnable.
    """
    if row is None:
        raise TenantGone(f"tenant {tenant_id} does not exist")
    slug, schema_name, status, maintenance_since = row
    if status in (S.PENDING, S.PROVISIONING, S.FAILED):
        raise TenantNotReady(f"tenant {slug} is {status}")
    if status != S.READY:
        raise TenantNotRunnable(f"tenant {slug} is {status}")
    if maintenance_since is not None:
        raise TenantInMaintenance(f"tenant {slug} is in maintenance")
    return TenantRef(tenant_id, slug, schema_name)


def tenant_ids_ready() -> list[uuid.UUID]:
    """Of all tenants that work may run in now, oldest first. For the system. One statement."""
    ready = Tenant.objects.filter(status=S.READY, maintenance_since__isnull=True)
    return list(ready.order_by("id").values_list("id", flat=True))


def tenants_with_schema() -> QuerySet[Tenant]:
    """Tenants that have tables which will stay: not those under way or whose deletion has begun."""
    return Tenant.objects.filter(
        status__in=(S.READY, S.SUSPENDED, S.ARCHIVED, S.DELETING), purge_started_at=None
    )


def tenants_to_provision(stale_s: int = 5) -> QuerySet[Tenant]:
    """Unfinished tenants on which nothing moved for `stale_s` seconds and whose next attempt is due."""
    now = timezone.now()
    return Tenant.objects.filter(
        Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now),
        status__in=IN_PROGRESS,
        updated_at__lte=now - timedelta(seconds=stale_s),
    ).order_by("updated_at")


def tenants_to_purge(stale_s: int = 30) -> QuerySet[Tenant]:
    """Those to delete: due, or begun and left for `stale_s` seconds, and whose next attempt is due."""
    now = timezone.now()
    is_left = Q(purge_started_at__isnull=False, updated_at__lte=now - timedelta(seconds=stale_s))
    is_due = Q(purge_started_at__isnull=True, delete_after__lte=now)
    return Tenant.objects.filter(
        is_left | is_due,
        Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now),
        status=S.DELETING,
    ).order_by("updated_at")
