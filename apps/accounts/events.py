"""What happens to people. Payloads carry no secrets: no tokens, no links, no passwords."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("accounts.email_requested", version=1, scope="user", aggregate="email")
class EmailRequested(Event):
    """A mail is owed. template: prefix of its templates; the worker builds the links itself.

    subject_id: what the mail is about, for templates that are about something.
    """

    template: str
    email: str
    person_id: uuid.UUID | None
    subject_id: uuid.UUID | None = None


@event("accounts.person_registered", version=1, scope="user", aggregate="person_id")
class PersonRegistered(Event):
    """A person signed up; the address is not verified yet."""

    person_id: uuid.UUID


@event("accounts.person_updated", version=1, scope="user", aggregate="person_id")
class PersonUpdated(Event):
    """Name, language or time zone changed."""

    person_id: uuid.UUID


@event("accounts.password_changed", version=1, scope="user", aggregate="person_id")
class PasswordChanged(Event):
    person_id: uuid.UUID


@event("accounts.person_deactivated", version=1, scope="user", aggregate="person_id")
class PersonDeactivated(Event):
    person_id: uuid.UUID


@event("accounts.person_reactivated", version=1, scope="user", aggregate="person_id")
class PersonReactivated(Event):
    person_id: uuid.UUID


@event("accounts.sign_in_unlocked", version=1, scope="user", aggregate="person_id")
class SignInUnlocked(Event):
    """Staff let a person try their password again before the lock ended."""

    person_id: uuid.UUID


@event("accounts.session_started", version=1, scope="user", aggregate="person_id")
class SessionStarted(Event):
    """Somebody signed in. kind: browser or api. host: a workspace's; empty: the public one."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    kind: str
    host: str


@event("accounts.session_ended", version=1, scope="user", aggregate="person_id")
class SessionEnded(Event):
    """A sign-in by browser ended before its time. reason: a RevokedReason."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    kind: str
    reason: str


@event("accounts.device_first_seen", version=1, scope="user", aggregate="person_id")
class DeviceFirstSeen(Event):
    """A sign-in from a device that is not known of this person. kind: browser or api.

    is_first: nothing was known before, so that there is nothing to compare with; no mail says it.
    """

    person_id: uuid.UUID
    device_id: uuid.UUID
    kind: str
    is_first: bool


@event("accounts.social_account_connected", version=1, scope="user", aggregate="person_id")
class SocialAccountConnected(Event):
    """A person can sign in with an account of another provider from now on. provider: google or github."""

    person_id: uuid.UUID
    provider: str


@event("accounts.social_account_disconnected", version=1, scope="user", aggregate="person_id")
class SocialAccountDisconnected(Event):
    person_id: uuid.UUID
    provider: str


@event("accounts.social_sign_in_refused", version=1, scope="user", aggregate="provider")
class SocialSignInRefused(Event):
    """A provider named somebody who was not let in. reason: a SocialRefusal.

    person_id: whose account it would have been, if it is somebody's.
    """

    provider: str
    reason: str
    person_id: uuid.UUID | None


@event("accounts.sessions_ended", version=1, scope="user", aggregate="person_id")
class SessionsEnded(Event):
    """Signed out everywhere, or everywhere but in one place. note: staff's reason."""

    person_id: uuid.UUID
    reason: str
    browser_count: int
    api_count: int
    note: str


@event("accounts.token_session_revoked", version=1, scope="user", aggregate="person_id")
class TokenSessionRevoked(Event):
    """A sign-in by API ended before its time. reason: a RevokedReason."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    reason: str


@event("accounts.signing_key_rotated", version=1, scope="system", aggregate="kid")
class SigningKeyRotated(Event):
    """Another key signs access tokens from `signs_from` on (ISO 8601)."""

    kid: str
    signs_from: str


@event("accounts.signing_key_revoked", version=1, scope="system", aggregate="kid")
class SigningKeyRevoked(Event):
    """Nothing that the key signed is good any more."""

    kid: str
    reason: str


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


@event("accounts.support_access_changed", version=1, scope="user", aggregate="tenant_id")
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


@event("accounts.factor_added", version=1, scope="user", aggregate="person_id")
class FactorAdded(Event):
    """factor: a SignInMethod. factor_id: of the row, to tell passkeys apart."""

    person_id: uuid.UUID
    factor: str
    factor_id: int


@event("accounts.factor_renamed", version=1, scope="user", aggregate="person_id")
class FactorRenamed(Event):
    person_id: uuid.UUID
    factor_id: int


@event("accounts.factor_removed", version=1, scope="user", aggregate="person_id")
class FactorRemoved(Event):
    person_id: uuid.UUID
    factor: str
    factor_id: int


@event("accounts.recovery_codes_generated", version=1, scope="user", aggregate="person_id")
class RecoveryCodesGenerated(Event):
    """New codes; those of before are void."""

    person_id: uuid.UUID


@event("accounts.recovery_code_used", version=1, scope="user", aggregate="person_id")
class RecoveryCodeUsed(Event):
    person_id: uuid.UUID
    left: int


@event("accounts.factors_reset", version=1, scope="user", aggregate="person_id")
class FactorsReset(Event):
    """Staff or an operator removed every second factor of a person who had lost them."""

    person_id: uuid.UUID
    reason: str


@event("accounts.person_reauthenticated", version=1, scope="user", aggregate="person_id")
class PersonReauthenticated(Event):
    """An API sign-in proved again who is behind it. methods: what was proved, joined by commas."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    methods: str


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


@event("accounts.person_erasure_requested", version=1, scope="user", aggregate="person_id")
class PersonErasureRequested(Event):
    """Access has ended; a worker forgets the person now."""

    person_id: uuid.UUID
    erasure_id: uuid.UUID


@event("accounts.person_erased", version=1, scope="user", aggregate="person_id")
class PersonErased(Event):
    """Nothing says any more who it was. tenants: how many were gone through."""

    person_id: uuid.UUID
    tenants: int


@event("accounts.person_data_exported", version=1, scope="user", aggregate="person_id")
class PersonDataExported(Event):
    """Somebody took a copy of what is kept about them."""

    person_id: uuid.UUID
