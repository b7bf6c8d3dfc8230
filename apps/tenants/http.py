"""The request as our middleware leaves it, for type checkers and readers."""

from django.http import HttpRequest

from apps.tenants.models import Tenant


class PlatformRequest(HttpRequest):
    """request_id: RequestLogMiddleware. The others: TenantMiddleware.

    tenant: the ready tenant that the request is for, or None on the public site.
    tenant_by_header: what X-Tenant named, when it chose the tenant rather than the host.
    tenant_missing: X-Tenant named a tenant that does not exist or takes no requests.
    """

    request_id: str
    tenant: Tenant | None
    tenant_by_header: str | None
    tenant_missing: bool
    log_path: str
    log_tenant_id: str
    log_person_id: str
    log_impersonator_id: str
    log_api_key_id: str
    urlconf: str
