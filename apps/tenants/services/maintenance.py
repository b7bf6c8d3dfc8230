"""Maintenance: a workspace closed for a while, with a word to its people. Work for it waits meanwhile."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput
from apps.events.services import publish
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import MaintenanceEnded, MaintenanceStarted
from apps.tenants.models import Tenant
from apps.tenants.services.transitions import lock, note

MAX_MINUTES = 7 * 24 * 60


@system_connection()
@transaction.atomic
def maintenance_start(
    *, actor: Actor, tenant_id: uuid.UUID, message: str = "", minutes: int | None = None
) -> Tenant:
    """Answer 503 with the message on the next request, and let tasks and handlers wait.

    minutes: how long it is expected to take, told to people; it does not end by itself. Repeating changes
    message and expectation. Publishes tenants.maintenance_started. Raises PermissionDenied, InvalidInput,
    Conflict when the workspace is not ready.
    """
    require_platform(actor)
    message = " ".join(message.split())
    if len(message) > 300 or not message.isprintable():
        raise InvalidInput.field("message", _("Use at most 300 printable characters."))
    if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
        raise InvalidInput.field("minutes", _("Between a minute and a week (10,080 minutes)."))
    tenant = lock(tenant_id)
    if tenant.status != S.READY:
        raise Conflict(
            _("Only a workspace that is ready can be in maintenance."), code="tenant_state"
        )
    now = timezone.now()
    tenant.maintenance_since = tenant.maintenance_since or now
    tenant.maintenance_until = now + timedelta(minutes=minutes) if minutes else None
    tenant.maintenance_message = message
    _save(tenant)
    note(actor, tenant, "maintenance_started", reason=message)
    publish(
        MaintenanceStarted(tenant_id=tenant.id, until=tenant.maintenance_until, message=message),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


@system_connection()
@transaction.atomic
def maintenance_end(*, actor: Actor, tenant_id: uuid.UUID) -> Tenant:
    """Open the workspace again. Publishes tenants.maintenance_ended.

    Raises PermissionDenied, Conflict when it is in no maintenance.
    """
    require_platform(actor)
    tenant = lock(tenant_id)
    if tenant.maintenance_since is None:
        raise Conflict(_("This workspace is not in maintenance."), code="tenant_state")
    tenant.maintenance_since = tenant.maintenance_until = None
    tenant.maintenance_message = ""
    _save(tenant)
    note(actor, tenant, "maintenance_ended")
    publish(MaintenanceEnded(tenant_id=tenant.id), actor=actor, tenant_id=tenant.id)
    return tenant


def _save(tenant: Tenant) -> None:
    tenant.save(
        update_fields=[
            "maintenance_since",
            "maintenance_until",
            "maintenance_message",
            "updated_at",
        ]
    )
