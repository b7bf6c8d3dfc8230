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


@event("tenants.brand_changed", version=1, scope="organization", aggregate="tenant_id")
class BrandChanged(Event):
    """What its mails look like. accent_color: #rrggbb; empty: the platform's."""

    tenant_id: uuid.UUID
    accent_color: str
    mail_footer: str


@event("tenants.allowed_origins_changed", version=1, scope="organization", aggregate="tenant_id")
class AllowedOriginsChanged(Event):
    """Pages of other sites may, or may no longer, call its API. Origins are separated by spaces."""

    tenant_id: uuid.UUID
    added: str
    removed: str


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


@event("tenants.export_requested", version=1, scope="organization", aggregate="export_id")
class ExportRequested(Event):
    tenant_id: uuid.UUID
    export_id: uuid.UUID


@event("tenants.export_finished", version=1, scope="organization", aggregate="export_id")
class ExportFinished(Event):
    """status: ready or failed."""

    tenant_id: uuid.UUID
    export_id: uuid.UUID
    status: str


@event("tenants.tenant_readdressed", version=1, scope="organization", aggregate="tenant_id")
class TenantReaddressed(Event):
    """The workspace has another subdomain. The old one redirects until it is given up."""

    tenant_id: uuid.UUID
    old_slug: str
    slug: str


@event("tenants.primary_domain_changed", version=1, scope="organization", aggregate="tenant_id")
class PrimaryDomainChanged(Event):
    """Links lead to another host now."""

    tenant_id: uuid.UUID
    old_host: str
    host: str


@event("tenants.domain_added", version=1, scope="organization", aggregate="domain_id")
class DomainAdded(Event):
    """A domain was claimed; it leads nowhere until it is verified."""

    domain_id: uuid.UUID
    domain: str


@event("tenants.domain_verified", version=1, scope="organization", aggregate="domain_id")
class DomainVerified(Event):
    domain_id: uuid.UUID
    domain: str


@event("tenants.domain_proof_lost", version=1, scope="organization", aggregate="domain_id")
class DomainProofLost(Event):
    """The record of a verified domain is gone. The domain works on; published once, until it is back."""

    domain_id: uuid.UUID
    domain: str
    detail: str


@event("tenants.domain_removed", version=1, scope="organization", aggregate="domain_id")
class DomainRemoved(Event):
    """It leads here no longer, and is free for others."""

    domain_id: uuid.UUID
    domain: str


@event("tenants.caches_cleared", version=1, scope="system", aggregate="tenant_id")
class CachesCleared(Event):
    """By hand. namespaces: which, separated by spaces."""

    tenant_id: uuid.UUID
    namespaces: str
