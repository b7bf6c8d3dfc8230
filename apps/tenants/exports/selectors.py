"""Reads of exports."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.files import tenant_files
from apps.common.tenancy import require_tenant
from apps.tenants.enums import ExportStatus as E
from apps.tenants.models import Export
from apps.tenants.permissions import EXPORT_DATA


def exports_for(actor: Actor) -> QuerySet[Export]:
    """The entered tenant's exports with the tenant, newest first. Raises PermissionDenied."""
    authorize(actor, EXPORT_DATA)
    mine = Export.objects.filter(tenant_id=require_tenant().id)
    return mine.select_related("tenant").order_by("-id")


def export_for(actor: Actor, export_id: uuid.UUID) -> Export:
    """Raises PermissionDenied, NotFound."""
    export = exports_for(actor).filter(id=export_id).first()
    if export is None:
        raise NotFound
    return export


def export_link(export: Export) -> str | None:
    """A link to the archive on the tenant's subdomain, good for ten minutes; None unless it is there."""
    if not is_available(export):
        return None
    ref = require_tenant()
    return tenant_files.url(export.file, f"{ref.slug}-{export.created_at:%Y-%m-%d-%H%M}.zip")


def is_available(export: Export) -> bool:
    """Whether the archive can be fetched: it is made, and not expired by now."""
    ready = export.status == E.READY and bool(export.file)
    return ready and (export.expires_at is None or export.expires_at > timezone.now())


def percent(export: Export) -> int:
    """How far it is; 100 only when it is ready."""
    if export.status in (E.READY, E.EXPIRED):
        return 100
    if not export.tables_total:
        return 0
    return min(99, 100 * export.tables_done // export.tables_total)


def exports_stale(now: datetime, *, queued_s: int, running_s: int) -> QuerySet[Export]:
    """Unfinished exports on which nothing moved for so long: their task or their worker is lost."""
    return Export.objects.filter(
        Q(status=E.QUEUED, updated_at__lte=now - timedelta(seconds=queued_s))
        | Q(status=E.RUNNING, updated_at__lte=now - timedelta(seconds=running_s))
    ).order_by("updated_at")


def exports_due(now: datetime) -> QuerySet[Export]:
    """Archives to delete: expired, or marked so by a run that did not come to the file."""
    return (
        Export.objects.filter(Q(status=E.READY, expires_at__lte=now) | Q(status=E.EXPIRED))
        .exclude(file="")
        .select_related("tenant")
        .order_by("expires_at")
    )
