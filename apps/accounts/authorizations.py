"""What a process remembers of who calls the API or opens pages, so that it need not ask the database again.

An entry is good while the epochs are those from before it was read (`epochs`), until the next of the
person's roles begins or ends by itself, and for a minute at most: then even a Redis that lost its last
second, or a write past the services, is noticed.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import structlog
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from apps.accounts import epochs
from apps.accounts.errors import IdentityUnknown, TokenRevoked
from apps.accounts.models import (
    ExternalIdentity,
    Person,
    ProviderOrganization,
    TenantMembership,
    TokenSession,
)
from apps.accounts.oidc.external import METHOD, ExternalClaims
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.outages import REDIS_OUTAGES
from apps.common.proofs import Proof

log = structlog.get_logger(__name__)

MAX_AGE_S = 60
MAX_ENTRIES = 10_000

PERSON_FIELDS = [field.attname for field in Person._meta.concrete_fields]


@dataclass(slots=True, kw_only=True)
class Authorization:
    """What somebody may do in the tenant of a request, by one proof of who they are.

    epochs: those of the request, from before it was read; none while Redis is away.
    actor: filled in by who needs it first.
    """

    person_id: uuid.UUID
    proof: Proof
    epochs: dict[str, str]
    read_at_s: float
    actor: Actor | None = None

    def is_good_at(self, now: datetime) -> bool:
        """Whether what the person may do is what it was."""
        good_until = self.actor.good_until if self.actor else None
        return good_until is None or good_until > now


@dataclass(slots=True, kw_only=True)
class TokenAuthorization(Authorization):
    """Of a sign-in by API, with what is known of the sign-in itself and its person.

    session_tenant_id: the only tenant that the sign-in is good for, or None. needs_factor: the person has
    a second factor here, which the sign-in has not asked for.
    """

    session_tenant_id: uuid.UUID | None
    expires_at: datetime
    is_member: bool
    person_values: tuple[Any, ...]
    needs_factor: bool = False

    def is_good_at(self, now: datetime) -> bool:
        """Whether the sign-in lasts, too."""
        # Not super(): slots make another class of this one, which it would look for in vain.
        return self.expires_at > now and Authorization.is_good_at(self, now)

    def person(self) -> Person:
        """The person as an instance of the caller's own, who may change it."""
        return Person.from_db("default", PERSON_FIELDS, self.person_values)


_lock = threading.Lock()
_entries: OrderedDict[tuple[Hashable, uuid.UUID | None], Authorization] = OrderedDict()
A = TypeVar("A", bound=Authorization)


def page_authorization_of(
    *, person_id: uuid.UUID, proof: Proof, tenant_id: uuid.UUID
) -> Authorization:
    """Whom a browser's session speaks for, in a tenant. One round trip to Redis, no statement.

    The caller has looked at the session and its person, as every request does, and fills in the actor.
    """
    return _remembered(
        (("page", person_id, proof), tenant_id),
        person_id,
        tenant_id,
        lambda now: Authorization(
            person_id=person_id, proof=proof, epochs=now, read_at_s=time.monotonic()
        ),
    )


def authorization_of(
    *, session_id: uuid.UUID, person_id: uuid.UUID, tenant_id: uuid.UUID | None
) -> TokenAuthorization:
    """What a verified token stands for now. One round trip to Redis; one statement unless remembered.

    Raises TokenRevoked.
    """
    return _remembered(
        (session_id, tenant_id),
        person_id,
        tenant_id,
        lambda now: _of_session(session_id, person_id, tenant_id, now),
    )


def external_authorization_of(
    claims: ExternalClaims, *, tenant_id: uuid.UUID | None
) -> TokenAuthorization:
    """What a verified token of the platform's provider stands for now; costs as authorization_of does.

    One statement more for a caller that the process does not know. Raises IdentityUnknown.
    """
    # What is remembered holds the proof, which differs from token to token of one subject.
    entry_key = (
        (claims.provider_id, claims.issuer, claims.subject, claims.org_code, claims.proved_at),
        tenant_id,
    )
    with _lock:
        known = _entries.get(entry_key)
    person_id = known.person_id if known else _external_identity(claims, tenant_id).person_id
    return _remembered(
        entry_key, person_id, tenant_id, lambda now: _of_external(claims, tenant_id, now)
    )


def _remembered(
    entry_key: tuple[Hashable, uuid.UUID | None],
    person_id: uuid.UUID,
    tenant_id: uuid.UUID | None,
    read: Callable[[dict[str, str]], A],
) -> A:
    """What is known under the key while it is good, or what `read` finds, given the epochs before."""
    keys = [epochs.of_person(person_id), epochs.SIGNING_KEYS]
    if tenant_id is not None:
        keys += [epochs.of_membership(tenant_id, person_id), epochs.of_tenant(tenant_id)]
    try:
        now = epochs.read(*keys)
    except REDIS_OUTAGES as error:
        log.warning("accounts.epochs_unavailable", error=str(error))
        return read({})
    with _lock:
        # An entry under a key was made by the same kind of `read`.
        known = cast(A | None, _entries.get(entry_key))
    if (
        known is not None
        and known.epochs == now
        and time.monotonic() - known.read_at_s < MAX_AGE_S
        and known.is_good_at(timezone.now())
    ):
        return known
    found = read(now)
    # A subject that was connected with somebody else meanwhile is read again by the next request.
    if epochs.CHANGING not in now.values() and found.person_id == person_id:
        with _lock:
            _entries[entry_key] = found
            if len(_entries) > MAX_ENTRIES:
                _entries.popitem(last=False)
    return found


def _membership(tenant_id: uuid.UUID | None) -> Any:
    membership: Any = TenantMembership.objects.filter(person_id=OuterRef("person_id"))
    return Exists(membership.filter(tenant=tenant_id) if tenant_id else membership.none())


def _of_session(
    session_id: uuid.UUID,
    person_id: uuid.UUID,
    tenant_id: uuid.UUID | None,
    epochs_before: dict[str, str],
) -> TokenAuthorization:
    session = (
        TokenSession.objects.select_related("person")
        .annotate(is_member=_membership(tenant_id))
        .filter(id=session_id, person_id=person_id, revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if session is None or not session.person.is_active:
        raise TokenRevoked
    return TokenAuthorization(
        person_id=person_id,
        session_tenant_id=session.tenant_id,
        expires_at=session.expires_at,
        is_member=session.is_member,
        person_values=tuple(getattr(session.person, name) for name in PERSON_FIELDS),
        proof=Proof(
            frozenset(session.methods),
            session.proved_at.timestamp() if session.proved_at else 0.0,
        ),
        epochs=epochs_before,
        read_at_s=time.monotonic(),
    )


def _of_external(
    claims: ExternalClaims, tenant_id: uuid.UUID | None, epochs_before: dict[str, str]
) -> TokenAuthorization:
    identity = _external_identity(claims, tenant_id)
    return TokenAuthorization(
        person_id=identity.person_id,
        session_tenant_id=identity.organization_tenant_id,
        expires_at=timezone.now() + timedelta(seconds=MAX_AGE_S),
        is_member=identity.is_member,
        person_values=tuple(getattr(identity.person, name) for name in PERSON_FIELDS),
        proof=Proof(frozenset({METHOD}), claims.proved_at),
        epochs=epochs_before,
        read_at_s=time.monotonic(),
        needs_factor=identity.has_factor,
    )


@system_connection()
def _external_identity(claims: ExternalClaims, tenant_id: uuid.UUID | None) -> Any:
    """By (provider, issuer, subject) alone. One statement."""
    mapped = ProviderOrganization.objects.filter(
        provider_id=claims.provider_id, code=claims.org_code
    )
    factors = Authenticator.objects.filter(user_id=OuterRef("person_id")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    identity = (
        ExternalIdentity.objects.select_related("person")
        .annotate(
            is_member=_membership(tenant_id),
            has_factor=Exists(factors),
            organization_tenant_id=Subquery(mapped.values("tenant_id")[:1]),
        )
        .filter(
            provider_id=claims.provider_id,
            issuer=claims.issuer,
            subject=claims.subject,
            person__is_active=True,
        )
        .first()
    )
    if identity is None:
        raise IdentityUnknown
    return identity
