"""Sign-ins by API: a family of refresh tokens, each good once (RFC 9700, section 4.14.2)."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts import epochs, keys, known_devices
from apps.accounts.devices import MAX_LENGTH, Client
from apps.accounts.enums import RevokedReason
from apps.accounts.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from apps.accounts.events import PersonReauthenticated, SessionStarted, TokenSessionRevoked
from apps.accounts.models import Person, RefreshToken, TokenSession
from apps.accounts.selectors import person_actor
from apps.accounts.tokens import access_token
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.events.services import publish

log = structlog.get_logger(__name__)

PRUNE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    session: TokenSession


def _hash(refresh: str) -> str:
    # The token has 256 random bits: a plain hash cannot be searched.
    return hashlib.sha256(refresh.encode()).hexdigest()


def token_session_start(
    *,
    person: Person,
    tenant_id: uuid.UUID | None,
    user_agent: str,
    ip: str | None,
    methods: Iterable[str] = (),
) -> TokenPair:
    """Open a session for a person who has just proved who they are, by `methods` (SignInMethods).

    tenant_id: bind the tokens to a tenant; the caller has checked the membership.
    Locks the person: a password change or deactivation meanwhile wins. Raises InvalidCredentials.
    Publishes accounts.session_started, and what `known_devices` does.
    """
    keys.key_set()
    now = timezone.now()
    expires_at = now + timedelta(seconds=settings.REFRESH_TOKEN_LIFETIME_S)
    with transaction.atomic():
        current = Person.objects.select_for_update(no_key=True).filter(id=person.id).first()
        if current is None or not current.is_active or current.password != person.password:
            raise InvalidCredentials
        session = TokenSession.objects.create(
            person=current,
            tenant_id=tenant_id,
            user_agent=user_agent[:MAX_LENGTH],
            ip=ip,
            last_used_at=now,
            expires_at=expires_at,
            methods=sorted(methods),
            proved_at=now if methods else None,
        )
        refresh = _add_refresh_token(session, expires_at)
        publish(
            SessionStarted(person_id=person.id, session_id=session.id, kind="api", host=""),
            actor=person_actor(person),
            tenant_id=None,
        )
        known_devices.api_note(current, Client(user_agent[:MAX_LENGTH], ip))
    return TokenPair(access_token(session), refresh, session)


def token_session_refresh(*, refresh: str, actor: Actor) -> TokenPair:
    """Trade a refresh token for a new pair, exactly once.

    Locks the token and its session. A token that was used before revokes the whole family and
    raises RefreshTokenReused; of two requests that are under way at once the loser gets the same
    error and revokes nothing. Raises RefreshTokenInvalid for what is unknown, expired or revoked.
    Publishes accounts.token_session_revoked on reuse.
    """
    keys.key_set()
    started_at = timezone.now()
    with transaction.atomic():
        token = (
            RefreshToken.objects.select_for_update(of=("self", "session"))
            .select_related("session__person")
            .filter(token_hash=_hash(refresh))
            .first()
        )
        if token is None or not token.session.is_live(started_at):
            raise RefreshTokenInvalid
        session = token.session
        if token.used_at is None:
            if token.expires_at <= started_at or not session.person.is_active:
                raise RefreshTokenInvalid
            return _rotate(token, session)
        # Used after this request began: it waited for the lock behind its twin.
        if token.used_at < started_at:
            log.warning("accounts.refresh_token_reused", session_id=str(session.id))
            _revoke(actor, session, RevokedReason.REUSED)
    # Outside the block, so that the revocation is committed.
    raise RefreshTokenReused


def _rotate(token: RefreshToken, session: TokenSession) -> TokenPair:
    now = timezone.now()
    token.used_at = now
    token.save(update_fields=["used_at", "updated_at"])
    session.last_used_at = now
    session.expires_at = now + timedelta(seconds=settings.REFRESH_TOKEN_LIFETIME_S)
    session.save(update_fields=["last_used_at", "expires_at", "updated_at"])
    refresh = _add_refresh_token(session, session.expires_at)
    return TokenPair(access_token(session), refresh, session)


def _add_refresh_token(session: TokenSession, expires_at: datetime) -> str:
    refresh = secrets.token_urlsafe(32)
    RefreshToken.objects.create(session=session, token_hash=_hash(refresh), expires_at=expires_at)
    return refresh


@transaction.atomic
def token_session_prove(
    *, actor: Actor, person_id: uuid.UUID, session_id: uuid.UUID, methods: Iterable[str]
) -> TokenSession:
    """Note that the person of a session has proved again who they are.

    Locks the session. Publishes accounts.person_reauthenticated. Raises NotFound.
    """
    session = (
        TokenSession.objects.select_for_update()
        .filter(id=session_id, person_id=person_id, revoked_at=None)
        .first()
    )
    if session is None:
        raise NotFound
    session.methods = sorted({*session.methods, *methods})
    session.proved_at = timezone.now()
    epochs.change(epochs.of_person(session.person_id))
    session.save(update_fields=["methods", "proved_at", "updated_at"])
    publish(
        PersonReauthenticated(
            person_id=session.person_id, session_id=session.id, methods=",".join(sorted(methods))
        ),
        actor=actor,
        tenant_id=None,
    )
    return session


@transaction.atomic
def token_session_sign_out(*, refresh: str, actor: Actor) -> None:
    """End the session of a refresh token, used or not; nothing happens for an unknown one.

    Whoever holds the token may end its session (RFC 7009).
    Publishes accounts.token_session_revoked.
    """
    session = (
        TokenSession.objects.select_for_update(of=("self",))
        .filter(refresh_tokens__token_hash=_hash(refresh), revoked_at=None)
        .first()
    )
    if session is not None:
        _revoke(actor, session, RevokedReason.SIGNED_OUT)


@transaction.atomic
def token_session_revoke(*, actor: Actor, session: TokenSession) -> None:
    """End a session that `token_session_for` gave. Publishes accounts.token_session_revoked."""
    locked = TokenSession.objects.select_for_update().filter(id=session.id, revoked_at=None).first()
    if locked is not None:
        _revoke(actor, locked, RevokedReason.REVOKED)


@transaction.atomic
def revoke_all(
    *,
    actor: Actor,
    person_id: uuid.UUID,
    reason: RevokedReason,
    tenant_id: uuid.UUID | None = None,
    keep: uuid.UUID | None = None,
) -> int:
    """End every session of a person, or those bound to one tenant; returns how many.

    Every: also the person's epoch moves on, so that no token that was issued before is good any more.
    Unless it is about one tenant, what the platform's provider issued before is void as well.
    keep: the id of one that stays.
    """
    epochs.change(epochs.of_person(person_id))
    now = timezone.now()
    sessions = TokenSession.objects.filter(person_id=person_id, revoked_at=None)
    person = Person.objects.filter(id=person_id)
    if tenant_id is not None:
        sessions = sessions.filter(tenant_id=tenant_id)
    elif keep is not None:
        sessions = sessions.exclude(id=keep)
        person.update(provider_tokens_since=now)
    else:
        person.update(epoch=F("epoch") + 1, provider_tokens_since=now)
    count = sessions.update(revoked_at=now, revoked_reason=reason, updated_at=now)
    log.info("accounts.token_sessions_revoked", count=count, reason=reason, by=actor.label)
    return count


def _revoke(actor: Actor, session: TokenSession, reason: RevokedReason) -> None:
    epochs.change(epochs.of_person(session.person_id))
    session.revoked_at = timezone.now()
    session.revoked_reason = reason
    session.save(update_fields=["revoked_at", "revoked_reason", "updated_at"])
    publish(
        TokenSessionRevoked(person_id=session.person_id, session_id=session.id, reason=reason),
        actor=actor,
        tenant_id=None,
    )


def prune() -> int:
    """Delete what can never be used again, in small batches; returns how many rows.

    Used tokens stay until they would have expired: until then their reuse is recognised.
    """
    deleted = 0
    for model in (RefreshToken, TokenSession):
        while True:
            ids = model.objects.filter(expires_at__lte=timezone.now()).values("id")[:PRUNE_BATCH]
            count, _ = model.objects.filter(id__in=list(ids.values_list("id", flat=True))).delete()
            deleted += count
            if count == 0:
                break
    return deleted
