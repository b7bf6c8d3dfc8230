from apps.audit.models import Entry
from apps.common.tenancy import HasRef, TenantRef
from apps.trail.chains import Chain


def chain_of(tenant: TenantRef | HasRef) -> Chain:
    """The chain of a tenant."""
    return Chain(Entry, tenant if isinstance(tenant, TenantRef) else tenant.ref)
