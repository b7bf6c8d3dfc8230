"""Whom a request speaks for, as far as it depends on the host and the tenant."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from apps.accounts import known_devices, tokens
from apps.accounts.browser_sessions import browser_session_end, browser_session_touch
from apps.accounts.errors import TokenExpired, TokenInvalid
from apps.accounts.handoff import session_fits
from apps.accounts.impersonation import current_impersonation
from apps.accounts.oidc.sessions import ended_by_provider
from apps.common.actors import Actor
from apps.common.requests import host_name
from apps.common.tenancy import tenant_context
from apps.tenants.http import PlatformRequest
from apps.tenants.selectors import tenant_by_id

GetResponse = Callable[[PlatformRequest], HttpResponse]
BEARER = "bearer "


def is_tenant_host(request: HttpRequest) -> bool:
    """True on a tenant's own host; on the public host also when X-Tenant names a tenant: False."""
    return getattr(request, "urlconf", None) == settings.TENANT_URLCONF


def bearer_token(request: HttpRequest) -> str | None:
    """The token of an Authorization header with the scheme Bearer."""
    header = request.headers.get("Authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None


class TokenTenantMiddleware:
    """On the public host, a token that is bound to a tenant chooses it, as X-Tenant would.

    Comes after TenantMiddleware. Costs one statement, for such tokens only. What is wrong with a
    token is said by the authenticator; here it chooses nothing.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PlatformRequest) -> HttpResponse:
        tenant_id = None
        if request.tenant is None and not request.tenant_missing:
            tenant_id = self._tenant_id(request)
        if tenant_id is None:
            return self.get_response(request)
        tenant = tenant_by_id(tenant_id)
        if tenant is None or not tenant.is_ready:
            request.tenant_missing = True
            return self.get_response(request)
        request.tenant = tenant
        request.log_tenant_id = str(tenant.id)
        with tenant_context(tenant):
            return self.get_response(request)

    def _tenant_id(self, request: PlatformRequest) -> uuid.UUID | None:
        token = bearer_token(request) if request.path.startswith("/api/") else None
        if token is None:
            return None
        try:
            return tokens.verify(token).tenant_id
        except (TokenExpired, TokenInvalid):
            return None


class HostSessionMiddleware:
    """A session is good on one host; anywhere else it is ended. So is one whose person is gone.

    Comes after AuthenticationMiddleware. Requests without a session cookie pass untouched; a browser that
    signed in gets the cookie that names its device.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PlatformRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            self._check(request)
        response = self.get_response(request)
        known_devices.set_cookie(request, response)
        return response

    def _check(self, request: PlatformRequest) -> None:
        if not is_tenant_host(request):
            belongs = session_fits(request.session, None, "")
        elif request.tenant_by_header is not None:
            # X-Tenant names another tenant than the host's: not this session's business.
            request.user = AnonymousUser()
            return
        else:
            belongs = request.tenant is not None and session_fits(
                request.session, request.tenant, host_name(request)
            )
        key = request.session.session_key
        if (
            belongs
            and request.user.is_authenticated
            and not ended_by_provider(request.session)
            and browser_session_touch(request)
        ):
            request.log_person_id = str(request.user.pk)
            if acting := current_impersonation(request.session):
                request.log_impersonator_id = str(acting.impersonator.person_id)
            return
        # Another host's session, or one that was ended, here or at the identity provider, or of a person who
        # is gone or has a new password.
        browser_session_end(actor=Actor.system("sessions"), session_key=key)
        request.session.flush()
        request.user = AnonymousUser()
