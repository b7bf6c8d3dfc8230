"""How many seats a tenant pays for: its active members."""

from apps.common.tenancy import tenant_context
from apps.organizations.entitlements import members_seated
from apps.tenants.models import Tenant


def seats_billed(tenant: Tenant) -> int:
    """One at least. One statement, in the tenant."""
    with tenant_context(tenant):
        return max(1, members_seated().count())
