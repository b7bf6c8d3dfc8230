"""What of people goes with a tenant: that they may enter it, and how; the sign-ins bound to it. They stay."""

from apps.accounts.models import (
    BrowserSession,
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    ProviderOrganization,
    RefreshToken,
    ScimToken,
    SignInPolicy,
    TenantMembership,
    TokenSession,
)
from apps.tenants.purging import rows_step

STEPS = (
    rows_step("memberships", "Memberships", 60, TenantMembership),
    rows_step("refresh_tokens", "Tokens of API sign-ins", 61, RefreshToken, "session__tenant_id"),
    rows_step("token_sessions", "API sign-ins", 62, TokenSession),
    rows_step("sign_in_policy", "Sign-in policy", 63, SignInPolicy),
    rows_step("email_domains", "E-mail domains", 64, EmailDomain),
    rows_step("scim_tokens", "Provisioning tokens", 65, ScimToken),
    rows_step("external_identities", "Identities at the provider", 66, ExternalIdentity),
    rows_step("provider_organizations", "Provider's organizations", 67, ProviderOrganization),
    rows_step("identity_providers", "Identity provider", 68, IdentityProvider),
    rows_step("browser_sessions", "Browser sign-ins", 69, BrowserSession),
)
