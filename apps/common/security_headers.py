"""What every answer tells a browser: set in one pass, for pages, API, console and static files alike."""

from collections.abc import Callable
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

CSP_HEADER = "Content-Security-Policy"
# Nothing can be loaded by, or around, what is no page.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# What django-csp's decorators leave on an answer.
POLICY_CHANGES = ("_csp_config", "_csp_update", "_csp_replace")
# For pages of libraries that make markup or scripts out of texts by themselves.
WITHOUT_TRUSTED_TYPES = {"require-trusted-types-for": None, "trusted-types": None}
# What no page of ours asks for; what some do is for our own host alone: passkeys, copying, full screen.
DENIED_FEATURES = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture"),
    *(
        "encrypted-media",
        "geolocation",
        "gyroscope",
        "hid",
        "identity-credentials-get",
        "idle-detection",
    ),
    *("local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment"),
    *("picture-in-picture", "screen-wake-lock", "serial", "sync-xhr", "usb", "xr-spatial-tracking"),
)
OWN_FEATURES = (
    *("clipboard-read", "clipboard-write", "fullscreen", "publickey-credentials-create"),
    "publickey-credentials-get",
)
PERMISSIONS = ", ".join(
    [
        *(f"{name}=()" for name in DENIED_FEATURES),
        *(f"{name}=(self)" for name in OWN_FEATURES),
    ]
)


class SecurityHeadersMiddleware(SecurityMiddleware):
    """Django's, with its redirect to HTTPS, and all other headers of security.

    What a view has set itself stays, so it is asked for last: it comes right after the log. Views change the
    policy by the decorators of django-csp, and who may frame them by those of Django.
    Data (JSON) gets what matters to data; the rest is for documents.
    """

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        always = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": str(settings.SECURE_REFERRER_POLICY),
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        self._data = tuple({**always, CSP_HEADER: DATA_POLICY}.items())
        self._documents = tuple(
            {
                **always,
                "Cross-Origin-Opener-Policy": str(settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
                "Cross-Origin-Embedder-Policy": "require-corp",
                "Permissions-Policy": PERMISSIONS,
                "Reporting-Endpoints": f'csp="{settings.CSP_REPORTS_PATH}"',
            }.items()
        )
        self._policy = build_policy()
        seconds = f"max-age={settings.SECURE_HSTS_SECONDS}"
        below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        preload = "; preload" if settings.SECURE_HSTS_PRELOAD else ""
        self._hsts = f"{seconds}{below}{preload}" if settings.SECURE_HSTS_SECONDS else ""
        self._hsts_of_others = seconds if settings.SECURE_HSTS_SECONDS else ""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        headers = response.headers
        is_data = "json" in headers.get("Content-Type", "")
        for name, value in self._data if is_data else self._documents:
            headers.setdefault(name, value)
        if not is_data:
            self._set_policy(response)
            if not getattr(response, "xframe_options_exempt", False):
                headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if self._hsts and request.is_secure():
            is_ours = _is_ours(request)
            headers.setdefault(
                "Strict-Transport-Security", self._hsts if is_ours else self._hsts_of_others
            )
        if "Cache-Control" not in headers:
            # What has a version may be kept, and is asked for before it is used again.
            headers["Cache-Control"] = "private, no-cache" if "ETag" in headers else "no-store"
        return response

    def _set_policy(self, response: Any) -> None:
        if CSP_HEADER in response.headers or getattr(response, "_csp_exempt", False):
            return
        config, update, replace = (getattr(response, name, None) for name in POLICY_CHANGES)
        is_changed = config or update or replace
        policy = build_policy(config, update, replace) if is_changed else self._policy
        response.headers[CSP_HEADER] = policy


def _is_ours(request: HttpRequest) -> bool:
    """Else Strict-Transport-Security speaks for that host alone.

    What is sent for ours includes subdomains; on a customer's example.com that would force all else that
    they run below it to HTTPS.
    """
    host = split_domain_port(request.META.get("HTTP_HOST", ""))[0].rstrip(".")
    return host in settings.PUBLIC_HOSTS or host.endswith(f".{settings.BASE_DOMAIN}")
