"""People, which tenants they belong to, and the tokens that speak for them. Public schema."""

from apps.accounts.models.browser_session import BrowserSession
from apps.accounts.models.email_domain import EmailDomain
from apps.accounts.models.erasure import Erasure
from apps.accounts.models.identity_provider import (
    ExternalIdentity,
    IdentityProvider,
    ProviderOrganization,
)
from apps.accounts.models.known_device import KnownDevice
from apps.accounts.models.person import Person, TenantMembership
from apps.accounts.models.scim_token import ScimToken
from apps.accounts.models.sign_in_policy import SignInPolicy
from apps.accounts.models.signing_key import SigningKey, signing_key_fades_s
from apps.accounts.models.token_session import RefreshToken, TokenSession

__all__ = [
    "BrowserSession",
    "EmailDomain",
    "Erasure",
    "ExternalIdentity",
    "IdentityProvider",
    "KnownDevice",
    "Person",
    "ProviderOrganization",
    "RefreshToken",
    "ScimToken",
    "SignInPolicy",
    "SigningKey",
    "TenantMembership",
    "TokenSession",
    "signing_key_fades_s",
]
