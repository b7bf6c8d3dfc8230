from django.conf import settings

from apps.events.registry import EventContext, subscribe
from apps.tenants.enums import TenantStatus
from apps.tenants.events import ExportRequested, TenantRequested, TenantStatusChanged
from apps.tenants.selectors import tenant_by_id
from apps.tenants.tasks import export, provision_queue, refill_pool, warm_caches


@subscribe("tenants.tenant_requested", name="tenants.start_provisioning", tenant_context=False)
def start_provisioning(event: TenantRequested, context: EventContext) -> None:
    """Queue the worker. Twice is harmless: the machine does each step once."""
    tenant = tenant_by_id(event.tenant_id)
    if tenant is not None:
        provision_queue(tenant)
    if settings.TENANT_POOL_SIZE:
        refill_pool.delay()


@subscribe("tenants.export_requested", name="tenants.start_export", tenant_context=False)
def start_export(event: ExportRequested, context: EventContext) -> None:
    """Queue the worker, also for a suspended tenant. Twice is harmless: the job is claimed once."""
    export.delay(str(event.export_id))


@subscribe("tenants.tenant_status_changed", name="tenants.warm_caches", tenant_context=False)
def warm_caches_of(event: TenantStatusChanged, context: EventContext) -> None:
    """The first visitor of a workspace that has just opened need not wait."""
    if event.to_status == TenantStatus.READY:
        warm_caches.delay(tenant_id=str(event.tenant_id))
