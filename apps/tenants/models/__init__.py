"""Tables of the public schema about tenants. What holds tenants' rows is under row-level security."""

from apps.tenants.models.agenda import AgendaEntry
from apps.tenants.models.domain import Domain
from apps.tenants.models.export import Export
from apps.tenants.models.fleet import MigrationRun, MigrationTarget, PooledSchema
from apps.tenants.models.tenant import Tenant, TenantEvent

__all__ = [
    "AgendaEntry",
    "Domain",
    "Export",
    "MigrationRun",
    "MigrationTarget",
    "PooledSchema",
    "Tenant",
    "TenantEvent",
]
