"""Programs that call the API with an API key."""

import ipaddress
from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.middleware import bearer_token
from apps.common.api.principals import MachinePrincipal
from apps.common.errors import NotFound
from apps.common.tenancy import tenant_context
from apps.roles.api_key_text import PREFIX, ApiKeyText, api_key_text_read
from apps.roles.errors import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyNetworkDenied,
    ApiKeyReplaced,
    ApiKeyRevoked,
)
from apps.roles.models import ApiKey
from apps.roles.selectors_api_keys import api_key_actor, api_key_by_digest
from apps.roles.services import api_key_used
from apps.tenants.selectors import tenant_by_id

log = structlog.get_logger(__name__)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_...`. One statement; none for what is not of our making.

    `request.user` is a MachinePrincipal, `request.auth` the ApiKey. Raises ApiKeyInvalid, ApiKeyExpired,
    ApiKeyRevoked, ApiKeyReplaced, ApiKeyNetworkDenied, and NotFound for a tenant that the key is not of,
    exactly as for a tenant that does not exist.
    """

    @sensitive_variables("text")
    def authenticate(self, request: Request) -> tuple[MachinePrincipal, ApiKey] | None:
        http_request: Any = request._request
        text = bearer_token(http_request)
        if text is None or not text.startswith(PREFIX):
            return None
        return self._enter(http_request, api_key_text_read(text))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _enter(self, http_request: Any, text: ApiKeyText | None) -> tuple[MachinePrincipal, ApiKey]:
        if text is None:
            raise ApiKeyInvalid
        tenant = getattr(http_request, "tenant", None)
        if getattr(http_request, "tenant_missing", False):
            raise NotFound
        if tenant is None:
            # A view about people is in no tenant, but says so only to who has a key.
            tenant = tenant_by_id(text.tenant_id)
            if tenant is None or not tenant.is_ready:
                raise ApiKeyInvalid
        elif tenant.id != text.tenant_id:
            raise NotFound
        with tenant_context(tenant):
            key = api_key_by_digest(text.digest)
            _check_live(key, text.digest)
            assert key is not None  # noqa: S101 - checked
            http_request.log_api_key_id = str(key.id)
            ip = get_adapter().get_client_ip(http_request)
            _check_network(key, ip)
            actor = api_key_actor(key)
            if tenant.unavailable is None:
                api_key_used(actor=actor, key=key, ip=ip)
        return MachinePrincipal(actor), key


def _check_live(key: ApiKey | None, digest: str) -> None:
    now = timezone.now()
    if key is None:
        raise ApiKeyInvalid
    if key.revoked_at is not None:
        raise ApiKeyRevoked
    if key.digest != digest and (key.previous_until is None or key.previous_until <= now):
        raise ApiKeyReplaced
    if key.expires_at is not None and key.expires_at <= now:
        raise ApiKeyExpired


def _check_network(key: ApiKey, ip: str) -> None:
    if not key.networks:
        return
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not any(address in ipaddress.ip_network(network) for network in key.networks):
        log.warning("roles.api_key_refused", api_key_id=str(key.id), ip=ip)
        raise ApiKeyNetworkDenied
