"""On the public host, an API key chooses its workspace."""

from collections.abc import Callable

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables

from apps.accounts.middleware import bearer_token
from apps.common.tenancy import tenant_context
from apps.roles.api_key_text import PREFIX, api_key_text_read
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id

GetResponse = Callable[[PlatformRequest], HttpResponse]


class ApiKeyTenantMiddleware:
    """Comes after TenantMiddleware. One statement, for well-formed keys on the public host only.

    What is wrong with a key is said by the authenticator; here it chooses nothing.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PlatformRequest) -> HttpResponse:
        tenant = None
        if request.tenant is None and not request.tenant_missing:
            tenant = self._tenant(request)
        if tenant is None:
            return self.get_response(request)
        request.tenant = tenant
        request.log_tenant_id = str(tenant.id)
        with tenant_context(tenant):
            return self.get_response(request)

    @sensitive_variables("text")
    def _tenant(self, request: PlatformRequest) -> Tenant | None:
        """The key's, if it is ready."""
        text = bearer_token(request) if request.path.startswith("/api/") else None
        if text is None or not text.startswith(PREFIX):
            return None
        found = api_key_text_read(text)
        tenant = tenant_by_id(found.tenant_id) if found else None
        return tenant if tenant is not None and tenant.is_ready else None
