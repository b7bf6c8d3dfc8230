"""Asking for an archive of everything; a worker makes it (apps.tenants.exports.jobs)."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound
from apps.common.queue_room import require_room
from apps.common.tenancy import current_tenant
from apps.events.services import publish
from apps.tenants.entitlements import EXPORTS
from apps.tenants.enums import ExportStatus as E
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import ExportRequested
from apps.tenants.live import tell_export
from apps.tenants.models import Export, Tenant
from apps.tenants.permissions import EXPORT_DATA
from apps.tenants.services.transitions import lock, note

EXPORTABLE = (S.READY, S.SUSPENDED, S.ARCHIVED, S.DELETING)
UNFINISHED = (E.QUEUED, E.RUNNING)
# For people: each archive is kept for days, and takes as much room as the workspace.
MAX_A_DAY = 5
BY_PLATFORM = "Platform staff"
# Of the task that makes them.
QUEUE = "bulk"


def export_request(*, actor: Actor, tenant_id: uuid.UUID) -> Export:
    """Ask for an archive of everything in the workspace. Publishes tenants.export_requested.

    Members ask for their own tenant, in it; staff and the system for any. Locks the tenant's row. Raises
    PermissionDenied, NotFound, Conflict (one is under way, too many today, nothing to export),
    EntitlementExceeded (this month's are used up), QueueFull (members only: many wait in front of it).
    """
    if actor.is_platform:
        with system_connection():
            return _request(actor, tenant_id)
    authorize(actor, EXPORT_DATA)
    ref = current_tenant()
    if ref is None or ref.id != tenant_id:
        raise NotFound
    require_room(QUEUE)
    return _request(actor, tenant_id)


def is_exportable(tenant: Tenant) -> bool:
    """Whether there is something to export: it was ready once, and its deletion has not begun."""
    is_whole = tenant.ready_at is not None and tenant.purge_started_at is None
    return is_whole and tenant.status in EXPORTABLE


@transaction.atomic
def _request(actor: Actor, tenant_id: uuid.UUID) -> Export:
    tenant = lock(tenant_id)
    if not is_exportable(tenant):
        raise Conflict(
            _("There is nothing to export: the workspace is not ready, or it is being deleted."),
            code="not_exportable",
        )
    exports = Export.objects.filter(tenant=tenant)
    if exports.filter(status__in=UNFINISHED).exists():
        raise Conflict(
            _("An export is under way. Wait until it is finished."), code="export_running"
        )
    day_ago = timezone.now() - timedelta(days=1)
    recent = exports.filter(created_at__gt=day_ago).exclude(status=E.FAILED)
    recent = recent.exclude(requested_by=BY_PLATFORM)
    if not actor.is_platform and recent.count() >= MAX_A_DAY:
        raise Conflict(
            _("This workspace was exported %d times in the last 24 hours. Try again later.")
            % MAX_A_DAY,
            code="too_many_exports",
        )
    # Owners see this; who of the staff it was stands in the history.
    asked_by = BY_PLATFORM if actor.is_platform else actor.label[:254]
    export = Export.objects.create(tenant=tenant, requested_by=asked_by)
    if not actor.is_platform:
        entitlements.record(tenant, EXPORTS, key=str(export.id))
    note(actor, tenant, "export_requested")
    publish(
        ExportRequested(tenant_id=tenant.id, export_id=export.id), actor=actor, tenant_id=tenant.id
    )
    tell_export(tenant.id)
    return export
