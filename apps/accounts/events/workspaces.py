"""How people come into workspaces: policies, identity providers, domains, and staff who act for them."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("accounts.identity_linked", version=1, scope="user", aggregate="person_id")
class IdentityLinked(Event):
    """A subject of an identity provider is this person from now on."""

    person_id: uuid.UUID
    provider_id: uuid.UUID
    identity_id: uuid.UUID


@event("accounts.identity_unlinked", version=1, scope="user", aggregate="person_id")
class IdentityUnlinked(Event):
    person_id: uuid.UUID
    provider_id: uuid.UUID
    identity_id: uuid.UUID


@event("accounts.provider_sign_in_refused", version=1, scope="user", aggregate="provider_id")
class ProviderSignInRefused(Event):
    """What a provider answered was not accepted, or who it names may not sign in.

    reason: the code of ProviderRefused.
    """

    provider_id: uuid.UUID
    reason: str


@event("accounts.provider_organization_mapped", version=1, scope="system", aggregate="provider_id")
class ProviderOrganizationMapped(Event):
    """Who signs in for this organization of the platform's provider goes to the event's tenant."""

    provider_id: uuid.UUID
    code: str


@event(
    "accounts.provider_organization_unmapped", version=1, scope="system", aggregate="provider_id"
)
class ProviderOrganizationUnmapped(Event):
    provider_id: uuid.UUID
    code: str


@event("accounts.provider_session_ended", version=1, scope="user", aggregate="provider_id")
class ProviderSessionEnded(Event):
    """A provider has told us, by back-channel, that somebody signed out there. person_id: None if unknown."""

    provider_id: uuid.UUID
    person_id: uuid.UUID | None


@event("accounts.sign_in_policy_changed", version=1, scope="organization", aggregate="tenant_id")
class SignInPolicyChanged(Event):
    """How people have to sign in to a workspace; fields have their values from now on."""

    tenant_id: uuid.UUID
    require_mfa: bool


@event("accounts.support_access_changed", version=1, scope="organization", aggregate="tenant_id")
class SupportAccessChanged(Event):
    """Whether a workspace lets the platform's staff act for its members."""

    tenant_id: uuid.UUID
    allowed: bool


@event("accounts.impersonation_started", version=1, scope="organization", aggregate="person_id")
class ImpersonationStarted(Event):
    """Platform staff came in as a person. reason: what they gave. Until ends_at at the latest."""

    person_id: uuid.UUID
    impersonator_id: uuid.UUID
    session_id: uuid.UUID
    email: str
    reason: str
    ends_at: datetime


@event("accounts.impersonation_ended", version=1, scope="organization", aggregate="person_id")
class ImpersonationEnded(Event):
    """Before its time. reason: a RevokedReason."""

    person_id: uuid.UUID
    impersonator_id: uuid.UUID
    session_id: uuid.UUID
    email: str
    reason: str


@event("accounts.identity_provider_connected", version=1, scope="user", aggregate="provider_id")
class IdentityProviderConnected(Event):
    """A tenant's own provider was connected, or its connection changed."""

    provider_id: uuid.UUID
    issuer: str
    client_id: str


@event("accounts.identity_provider_tested", version=1, scope="user", aggregate="provider_id")
class IdentityProviderTested(Event):
    """person_id: who signed in by it, to see what it says."""

    provider_id: uuid.UUID
    person_id: uuid.UUID
    is_successful: bool


@event("accounts.identity_provider_switched", version=1, scope="user", aggregate="provider_id")
class IdentityProviderSwitched(Event):
    """Turned on or off, enforced or no longer. States: a ProviderState. reason: staff's, else empty."""

    provider_id: uuid.UUID
    from_state: str
    to_state: str
    reason: str


@event("accounts.identity_provider_updated", version=1, scope="user", aggregate="provider_id")
class IdentityProviderUpdated(Event):
    """Who joins by it, or who may come in without it. fields: names of what changed."""

    provider_id: uuid.UUID
    fields: str


@event("accounts.identity_provider_removed", version=1, scope="user", aggregate="provider_id")
class IdentityProviderRemoved(Event):
    provider_id: uuid.UUID
    issuer: str


@event("accounts.break_glass_used", version=1, scope="user", aggregate="person_id")
class BreakGlassUsed(Event):
    """An owner came in without the provider that is a must for everybody else."""

    person_id: uuid.UUID
    provider_id: uuid.UUID


@event("accounts.email_domain_added", version=1, scope="organization", aggregate="email_domain_id")
class EmailDomainAdded(Event):
    """An e-mail domain was claimed; it says nothing about anybody until it is verified."""

    email_domain_id: uuid.UUID
    domain: str


@event(
    "accounts.email_domain_verified", version=1, scope="organization", aggregate="email_domain_id"
)
class EmailDomainVerified(Event):
    email_domain_id: uuid.UUID
    domain: str


@event(
    "accounts.email_domain_proof_lost", version=1, scope="organization", aggregate="email_domain_id"
)
class EmailDomainProofLost(Event):
    """The record of a verified domain is gone: nobody joins by it until it is back."""

    email_domain_id: uuid.UUID
    domain: str
    detail: str


@event(
    "accounts.email_domain_withdrawn", version=1, scope="organization", aggregate="email_domain_id"
)
class EmailDomainWithdrawn(Event):
    """The record was gone for days: the domain is no longer verified, and another tenant can prove it."""

    email_domain_id: uuid.UUID
    domain: str


@event(
    "accounts.email_domain_join_mode_changed",
    version=1,
    scope="organization",
    aggregate="email_domain_id",
)
class EmailDomainJoinModeChanged(Event):
    """from_mode and to_mode: a JoinMode."""

    email_domain_id: uuid.UUID
    domain: str
    from_mode: str
    to_mode: str


@event(
    "accounts.email_domain_removed", version=1, scope="organization", aggregate="email_domain_id"
)
class EmailDomainRemoved(Event):
    email_domain_id: uuid.UUID
    domain: str
