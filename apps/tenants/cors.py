"""Pages of other sites that call the API from a browser (the CORS protocol of the Fetch standard).

A workspace lists the origins that may. They bring a token or an API key: cookies never cross origins.
"""

from urllib.parse import urlsplit

from django.http import HttpResponse

from apps.common.api.exceptions import OriginNotAllowed
from apps.common.middleware import GetResponse
from apps.common.problems import error_response
from apps.tenants.http import PlatformRequest
from apps.tenants.origins import ORIGIN

PATHS = "/api/"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = (
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "traceparent, tracestate, X-Request-ID, X-Tenant"
)
# What scripts may read of an answer, besides what the standard lets them.
EXPOSED_HEADERS = (
    "Deprecation, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Limit, RateLimit-Policy, "
    "RateLimit-Remaining, RateLimit-Reset, Retry-After, Sunset, X-Request-ID"
)
# Longer than any browser keeps it. A permission to ask is no more than that: each request is judged.
PREFLIGHT_S = "7200"


class CorsMiddleware:
    """Comes after all that may say which tenant a request is for, and before all that asks who sends it.

    A request of another origin goes on if the tenant lists it, without its cookies; else it is refused before
    it has an effect. On the platform's own host a preflight cannot say which tenant is meant (it names the
    header X-Tenant, but not its value), so every origin may ask there. No statement.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PlatformRequest) -> HttpResponse:
        if not request.path.startswith(PATHS):
            return self.get_response(request)
        origin = request.META.get("HTTP_ORIGIN")
        if origin is None or _is_own(request, origin):
            response = self.get_response(request)
        else:
            response = self._of_another(request, origin)
        vary = response.headers.get("Vary")
        response.headers["Vary"] = f"{vary}, Origin" if vary else "Origin"
        return response

    def _of_another(self, request: PlatformRequest, origin: str) -> HttpResponse:
        tenant = request.tenant
        is_listed = tenant is not None and origin in tenant.allowed_origins
        if request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META:
            is_anybodys = tenant is None and not request.tenant_missing
            if is_listed or (is_anybodys and ORIGIN.fullmatch(origin)):
                return _preflight(origin)
        elif is_listed:
            # A site next to the workspace's own domain would send those of it.
            request.META.pop("HTTP_COOKIE", None)
            vars(request).pop("COOKIES", None)
            response = self.get_response(request)
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
            return response
        return error_response(request, OriginNotAllowed())


def _preflight(origin: str) -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": PREFLIGHT_S,
        },
    )


def _is_own(request: PlatformRequest, origin: str) -> bool:
    """Whether the page is on the very host that is asked: browsers say so with what is sent there, too.

    By host and port; a proxy may have ended TLS. Nothing is granted by it.
    """
    try:
        return urlsplit(origin).netloc == request.META.get("HTTP_HOST")
    except ValueError:
        return False
