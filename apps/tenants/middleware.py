"""Which tenant a request is for, and whether that tenant takes requests now."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone

from apps.common.errors import PlatformError
from apps.common.notifying import UNSUBSCRIBE_PATH
from apps.common.problems import MACHINE_PATHS, problem_or_page
from apps.common.requests import host_name
from apps.common.tenancy import tenant_context
from apps.common.urls import public_url
from apps.tenants.caches import tenant_of_host
from apps.tenants.enums import TenantStatus as S
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant
from apps.tenants.provisioning import progress
from apps.tenants.selectors import tenant_by_slug

GONE = (S.ARCHIVED, S.DELETING)


class TenantMiddleware:
    """Sets request.tenant and the URL configuration, and enters the tenant for the request.

    A host that is neither the platform's nor a tenant's is 404, never a default. On API paths the header
    X-Tenant names the tenant on any host; whether the caller may know it is decided after
    authentication (request.tenant_by_header), so that a foreign tenant answers like a missing one.
    Pages on an old subdomain redirect; programs are served there as before.
    No statement for a host that is known, but a round trip to Redis; one where X-Tenant names something
    else than the host's tenant.
    """

    def __init__(self, get_response: Callable[[PlatformRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PlatformRequest) -> HttpResponse:
        try:
            host = host_name(request)
        except DisallowedHost:
            host = ""
        request.tenant, request.tenant_by_header = None, None
        request.tenant_missing = False
        is_api = request.path.startswith("/api/")
        header = request.headers.get("X-Tenant") if is_api else None

        if host in settings.PUBLIC_HOSTS:
            request.urlconf = settings.PUBLIC_URLCONF
            tenant = None
        else:
            request.urlconf = settings.TENANT_URLCONF
            tenant = tenant_of_host(host) if host else None
            if tenant is None or tenant.status in GONE:
                request.urlconf = settings.PUBLIC_URLCONF
                return _unknown_host(request)
        named = None
        if header is not None and not (tenant and tenant.slug == header):
            named = tenant_by_slug(header)
        # An old slug of the host's own tenant names nothing else.
        is_by_header = header is not None and not (
            tenant and (tenant.slug == header or (named and named.id == tenant.id))
        )
        if is_by_header:
            tenant = named
            request.tenant_by_header = header
            request.tenant_missing = tenant is None or not tenant.is_ready
            if tenant is None or not tenant.is_ready:
                return self.get_response(request)
        elif tenant is not None and (elsewhere := _not_here(request, tenant, host)):
            return elsewhere
        request.tenant = tenant
        if tenant is None:
            return self.get_response(request)
        request.log_tenant_id = str(tenant.id)
        with tenant_context(tenant):
            return self.get_response(request)


def _not_here(request: PlatformRequest, tenant: Tenant, host: str) -> HttpResponse | None:
    """What a request by the tenant's host gets instead of the page; None: the page."""
    is_unsubscribing = request.path.startswith(UNSUBSCRIBE_PATH)
    if not tenant.is_ready and not (is_unsubscribing and tenant.status == S.SUSPENDED):
        return _not_ready(request, tenant)
    if unavailable := tenant.unavailable:
        return _in_maintenance(request, tenant, unavailable)
    # Mail providers do not follow redirects (RFC 8058, section 3.1).
    is_for_programs = is_unsubscribing or request.path.startswith(MACHINE_PATHS)
    if tenant.is_alias(host) and not is_for_programs:
        return _moved(request, tenant)
    return None


def _moved(request: PlatformRequest, tenant: Tenant) -> HttpResponse:
    """308 (RFC 9110, section 15.4.9) to the same page on the host that links lead to now.

    Not to be remembered: the workspace may go back to this address, and two remembered redirects that
    lead to each other would be a loop. htmx could not follow to another host, so there the page reloads.
    """
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Refresh": "true", "Cache-Control": "no-store"})
    response = HttpResponsePermanentRedirect(
        tenant.url(request.get_full_path()), preserve_request=True
    )
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response


def _unknown_host(request: PlatformRequest) -> HttpResponse:
    return problem_or_page(
        request,
        404,
        "unknown_host",
        "There is no workspace at this address",
        "Check the address for typing errors, or ask the person who sent it to you.",
        template="errors/unknown_host.html",
        context={"home_url": public_url()},
    )


def _in_maintenance(request: PlatformRequest, tenant: Tenant, error: PlatformError) -> HttpResponse:
    until = tenant.maintenance_until
    return problem_or_page(
        request,
        error.status,
        error.code,
        "This workspace is in maintenance",
        str(error.detail),
        template="errors/tenant_maintenance.html",
        context={
            "tenant": tenant,
            "opens_at": until if until and until > timezone.now() else None,
            "home_url": public_url(),
        },
        headers={**error.headers, "Cache-Control": "no-store"},
    )


def _not_ready(request: PlatformRequest, tenant: Tenant) -> HttpResponse:
    if tenant.status == S.SUSPENDED:
        return problem_or_page(
            request,
            403,
            "tenant_suspended",
            "This workspace is suspended",
            "Nothing is lost. The workspace's owner can ask support to open it again.",
            template="errors/tenant_suspended.html",
            context={"tenant": tenant, "home_url": public_url()},
        )
    return problem_or_page(
        request,
        503,
        "tenant_not_ready",
        "This workspace is being prepared",
        "It opens as soon as it is ready, usually within seconds.",
        template="errors/tenant_preparing.html",
        context={
            "tenant": tenant,
            "progress": progress(tenant),
            "failed": tenant.status == S.FAILED,
            "home_url": public_url(),
        },
        headers={"Retry-After": "2", "Cache-Control": "no-store"},
    )
