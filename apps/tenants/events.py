"""What happens to tenants, for whoever wants to know."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("tenants.tenant_requested", version=1, scope="system", aggregate="tenant_id")
class TenantRequested(Event):
    """A workspace was asked for; its schema does not exist yet."""

    tenant_id: uuid.UUID
    slug: str
    owner_person_id: uuid.UUID


@event("tenants.tenant_status_changed", version=1, scope="system", aggregate="tenant_id")
class TenantStatusChanged(Event):
    tenant_id: uuid.UUID
    slug: str
    from_status: str
    to_status: str
    reason: str


@event("tenants.tenant_renamed", version=1, scope="organization", aggregate="tenant_id")
class TenantRenamed(Event):
    tenant_id: uuid.UUID
    name: str


@event("tenants.tenant_deleted", version=1, scope="system", aggregate="tenant_id")
class TenantDeleted(Event):
    """Schema, domains and row are gone."""

    tenant_id: uuid.UUID
    slug: str


@event("tenants.maintenance_started", version=1, scope="system", aggregate="tenant_id")
class MaintenanceStarted(Event):
    """until: when it is expected to end (UTC), if somebody said so."""

    tenant_id: uuid.UUID
    until: datetime | None
    message: str


@event("tenants.maintenance_ended", version=1, scope="system", aggregate="tenant_id")
class MaintenanceEnded(Event):
    tenant_id: uuid.UUID
