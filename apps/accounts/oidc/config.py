"""A provider as the protocol's steps need it, and where to find one."""

import uuid
from dataclasses import dataclass

from django.conf import settings

from apps.accounts.enums import ProviderState
from apps.accounts.models import IdentityProvider
from apps.common import crypto
from apps.common.database import system_connection
from apps.common.urls import public_url

CALLBACK_PATH, SIGNED_OUT_PATH = "/oidc/callback/", "/oidc/signed-out/"


@dataclass(frozen=True, slots=True)
class Provider:
    """tenant_id: whose it is; None: the platform's, which may be at an internal address."""

    id: uuid.UUID
    tenant_id: uuid.UUID | None
    name: str
    state: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    names_issuer: bool
    client_id: str
    client_secret: str
    client_authentication: str
    scopes: str
    algorithms: tuple[str, ...]
    groups_claim: str

    @property
    def is_on(self) -> bool:
        return self.state in (ProviderState.ON, ProviderState.ENFORCED)

    @property
    def is_trusted(self) -> bool:
        """An operator named its addresses."""
        return self.tenant_id is None


def redirect_uri() -> str:
    """The one address that every provider answers at. From settings, never from the Host header."""
    return public_url(CALLBACK_PATH)


def internal_hosts() -> frozenset[str]:
    """`host:port` of the sandbox, where tenants' providers may be at an internal address; else empty."""
    return frozenset(settings.OIDC_INTERNAL_HOSTS)


def provider_of(row: IdentityProvider) -> Provider:
    """Of the platform's, what the environment says goes before the row."""
    is_platforms = row.tenant_id is None
    if is_platforms:
        secret = settings.OIDC_CLIENT_SECRET
    else:
        secret = crypto.decrypt(bytes(row.client_secret_encrypted)).decode()
    return Provider(
        id=row.id,
        tenant_id=row.tenant_id,
        name=settings.OIDC_NAME if is_platforms else row.name,
        state=row.state,
        issuer=row.issuer,
        authorization_endpoint=row.authorization_endpoint,
        token_endpoint=row.token_endpoint,
        userinfo_endpoint=row.userinfo_endpoint,
        jwks_uri=row.jwks_uri,
        end_session_endpoint=row.end_session_endpoint,
        names_issuer=row.names_issuer,
        client_id=row.client_id,
        client_secret=secret,
        client_authentication=row.client_authentication,
        scopes=settings.OIDC_SCOPES if is_platforms else row.scopes,
        algorithms=tuple(settings.OIDC_ALGORITHMS if is_platforms else row.algorithms),
        groups_claim=row.groups_claim,
    )


@system_connection()
def provider_by_id(provider_id: uuid.UUID) -> Provider | None:
    """Any tenant's, for the public host, where no tenant is entered. One statement."""
    row = IdentityProvider.objects.filter(id=provider_id).first()
    return provider_of(row) if row is not None and _is_current(row) else None


@system_connection()
def providers_by_client(issuer: str, client_id: str) -> list[Provider]:
    """Those that somebody who signs for this issuer and client may speak for. One statement."""
    rows = IdentityProvider.objects.filter(issuer=issuer, client_id=client_id).order_by("id")
    return [provider_of(row) for row in rows if _is_current(row)]


def _is_current(row: IdentityProvider) -> bool:
    """The platform's row may be of a provider that the environment no longer names."""
    return row.tenant_id is not None or (
        is_configured() and row.client_id == settings.OIDC_CLIENT_ID
    )


def is_configured() -> bool:
    """Whether the platform has a provider (OIDC_DISCOVERY_URL and OIDC_CLIENT_ID)."""
    return bool(settings.OIDC_DISCOVERY_URL and settings.OIDC_CLIENT_ID)
