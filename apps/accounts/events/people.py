"""What happens to people, their sign-ins and their factors."""

import uuid

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
