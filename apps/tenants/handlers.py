from django.conf import settings

from apps.events.registry import EventContext, subscribe
from apps.tenants.events import ExportRequested, TenantRequested
from apps.tenants.selectors import tenant_by_id
from apps.tenants.tasks import export, provision_queue, refill_pool


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
