"""Writes on tenants. Each locks the tenant's row, notes the history and publishes in one transaction."""

from apps.tenants.services.addresses import MAX_DOMAINS, tenant_readdress
from apps.tenants.services.caches import caches_clear
from apps.tenants.services.clones import tenant_clone
from apps.tenants.services.domains import (
    domain_add,
    domain_check,
    domain_make_primary,
    domain_remove,
    domain_verify,
)
from apps.tenants.services.exports import export_request
from apps.tenants.services.lifecycle import (
    tenant_delete,
    tenant_mark_canary,
    tenant_resume,
    tenant_retry,
    tenant_suspend,
)
from apps.tenants.services.maintenance import maintenance_end, maintenance_start
from apps.tenants.services.origins import allowed_origins_set
from apps.tenants.services.tenants import (
    name_validate,
    tenant_brand_set,
    tenant_create,
    tenant_rename,
)
from apps.tenants.services.transitions import TRANSITIONS, lock, note, transition

__all__ = [
    "MAX_DOMAINS",
    "TRANSITIONS",
    "allowed_origins_set",
    "caches_clear",
    "domain_add",
    "domain_check",
    "domain_make_primary",
    "domain_remove",
    "domain_verify",
    "export_request",
    "lock",
    "maintenance_end",
    "maintenance_start",
    "name_validate",
    "note",
    "tenant_brand_set",
    "tenant_clone",
    "tenant_create",
    "tenant_delete",
    "tenant_mark_canary",
    "tenant_readdress",
    "tenant_rename",
    "tenant_resume",
    "tenant_retry",
    "tenant_suspend",
    "transition",
]
