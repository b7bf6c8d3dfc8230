from django.conf import settings

from apps.events.registry import EventContext, subscribe
from apps.tenants.events import TenantRequested
from apps.tenants.tasks import provision, refill_pool


@subscribe("tenants.tenant_requested", name="tenants.start_provisioning", tenant_context=False)
def start_provisioning(event: TenantRequested, context: EventContext) -> None:
    """Queue the worker. Twice is harmless: the machine does each step once."""
    provision.delay(str(event.tenant_id))
    if settings.TENANT_POOL_SIZE:
        refill_pool.delay()
