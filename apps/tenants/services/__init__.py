"""Writes on tenants. Each locks the tenant's row, notes the history and publishes in one transaction."""

from apps.tenants.services.lifecycle import (
    tenant_delete,
    tenant_resume,
    tenant_retry,
    tenant_suspend,
)
from apps.tenants.services.maintenance import maintenance_end, maintenance_start
from apps.tenants.services.tenants import name_validate, tenant_create, tenant_rename
from apps.tenants.services.transitions import TRANSITIONS, lock, note, transition

__all__ = [
    "TRANSITIONS",
    "lock",
    "maintenance_end",
    "maintenance_start",
    "name_validate",
    "note",
    "tenant_create",
    "tenant_delete",
    "tenant_rename",
    "tenant_resume",
    "tenant_retry",
    "tenant_suspend",
    "transition",
]
