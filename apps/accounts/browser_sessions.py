"""Sign-ins by browser: the rows beside the sessions in Redis. What ends a row ends its session at once.

A row is written at the sign-in, at its end, and once in SEEN_EVERY_S while the browser is busy. In
between nothing is asked beyond the session itself, which every request reads anyway.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts import known_devices, sessions
from apps.accounts.devices import client_of
from apps.accounts.enums import RevokedReason
from apps.accounts.events import (
    EmailRequested,
    ImpersonationEnded,
    ImpersonationStarted,
    SessionEnded,
    SessionStarted,
)
from apps.accounts.impersonation import Impersonation
from apps.accounts.models import BrowserSession, Person
from apps.accounts.selectors import person_actor
from apps.common.actors import Actor
from apps.common.live import judge_again
from apps.common.tenancy import tenant_context
from apps.events.services import publish
from apps.tenants.selectors import tenant_by_id

SEEN_EVERY_S = 300
# In a session: when its row was last written, in seconds since 1970.
SEEN_KEY = "seen_at"
PRUNE_BATCH = 1000
SUPPORT_MAIL = "account/email/support_access"


def person_lock(person_id: uuid.UUID) -> bool:
    """Held while sign-ins of a person begin or end, so that none begins behind the back of an end."""
    return (
        Person.objects.select_for_update(no_key=True).filter(id=person_id, is_active=True).exists()
    )


def live(person_id: uuid.UUID) -> Q:
    return Q(person_id=person_id, revoked_at=None, expires_at__gt=timezone.now())


def current_browser_session(session: SessionBase) -> BrowserSession | None:
    """The row of a request's session. One statement."""
    if not session.session_key:
        return None
    return (
        BrowserSession.objects.select_related("person")
        .filter(key_hash=sessions.key_hash(session.session_key), revoked_at=None)
        .first()
    )


def parent_for_hand_over(person_id: uuid.UUID, session_id: str) -> BrowserSession | None:
    """The public session that a ticket came from, if it goes on. Locks the person till the commit."""
    person_lock(person_id)
    return BrowserSession.objects.filter(live(person_id), id=session_id, tenant=None).first()


@transaction.atomic
def browser_session_begin(
    *, request: HttpRequest, person: Person, tenant_id: uuid.UUID | None, host: str
) -> BrowserSession:
    """Record the session that Django's login() has just made, under a key that nobody had before.

    What this browser's cookie named until now is ended. A workspace's session ends with the public one
    that it came from (`request.parent_session`), at the latest. Locks the person.
    Publishes accounts.session_started, accounts.session_ended for the one that is replaced, and what
    `known_devices` does; of staff who act for the person (`request.impersonation`)
    accounts.impersonation_started and accounts.email_requested.
    """
    person_lock(person.id)
    session = request.session
    before = [request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), session.session_key or ""]
    if sessions.BEGAN_KEY in session:
        # Signed in again without signing out: login() keeps the key of the same person's session.
        session.cycle_key()
    for replaced in BrowserSession.objects.filter(
        key_hash__in=[sessions.key_hash(key) for key in before if key], revoked_at=None
    ):
        _end(person_actor(person), [replaced], RevokedReason.REPLACED)
    parent: BrowserSession | None = getattr(request, "parent_session", None)
    acting: Impersonation | None = getattr(request, "impersonation", None)
    ends_at_s = (
        parent.expires_at.timestamp() if parent else time.time() + settings.SESSION_COOKIE_AGE
    )
    if acting is not None:
        ends_at_s = min(ends_at_s, acting.ends_at.timestamp())
    began_at = ends_at_s - settings.SESSION_COOKIE_AGE
    session[sessions.BEGAN_KEY] = int(began_at)
    session[SEEN_KEY] = int(time.time())
    client = client_of(request)
    row = BrowserSession.objects.create(
        person=person,
        parent=parent,
        tenant_id=tenant_id,
        host=host,
        key_hash=sessions.key_hash(session.session_key or ""),
        user_agent=client.user_agent,
        ip=client.ip,
        impersonator_id=acting.impersonator.person_id if acting else None,
        reason=acting.reason if acting else "",
        expires_at=datetime.fromtimestamp(int(began_at), UTC)
        + timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )
    if acting is not None:
        _impersonation_note(row, acting)
        return row
    publish(
        SessionStarted(person_id=person.id, session_id=row.id, kind="browser", host=host),
        actor=person_actor(person),
        # A workspace's people see who signs in on its host.
        tenant_id=tenant_id,
    )
    if tenant_id is None:
        known_devices.browser_note(request, person)
    return row


def _impersonation_note(row: BrowserSession, acting: Impersonation) -> None:
    """In the workspace's history, and in a mail to the person."""
    actor = acting.actor
    publish(
        ImpersonationStarted(
            person_id=row.person_id,
            impersonator_id=acting.impersonator.person_id,
            session_id=row.id,
            email=row.person.email,
            reason=row.reason,
            ends_at=row.expires_at,
        ),
        actor=actor,
        tenant_id=row.tenant_id,
    )
    publish(
        EmailRequested(
            template=SUPPORT_MAIL,
            email=row.person.email,
            person_id=row.person_id,
            subject_id=row.id,
        ),
        actor=actor,
        tenant_id=None,
    )


def browser_session_touch(request: HttpRequest) -> bool:
    """Note that the browser is busy, and from where; false when its session has been ended.

    No statement and no round trip, but once in SEEN_EVERY_S: then one UPDATE, and the session is saved.
    It also finds out a session that was to be ended while Redis was away, or whose impersonator is no staff
    any more.
    """
    session = request.session
    now_s = int(time.time())
    if now_s - session.get(SEEN_KEY, 0) < SEEN_EVERY_S:
        return True
    is_good = Q(impersonator=None) | Q(impersonator__is_active=True, impersonator__is_staff=True)
    found = BrowserSession.objects.filter(
        is_good, key_hash=sessions.key_hash(session.session_key or ""), revoked_at=None
    ).update(last_used_at=timezone.now(), ip=client_of(request).ip)
    if found:
        session[SEEN_KEY] = now_s
    return bool(found)


@transaction.atomic
def browser_session_end(*, actor: Actor, session_key: str | None) -> None:
    """End a session by its key, and what came from it; nothing happens when it is no longer on record.

    Publishes accounts.session_ended.
    """
    if not session_key:
        return
    found = BrowserSession.objects.filter(
        key_hash=sessions.key_hash(session_key), revoked_at=None
    ).first()
    if found is not None:
        browser_session_revoke(actor=actor, session=found, reason=RevokedReason.SIGNED_OUT)


@transaction.atomic
def browser_session_revoke(*, actor: Actor, session: BrowserSession, reason: RevokedReason) -> None:
    """End a session; with one of the public host go the workspaces' that came from it.

    Locks the person. Publishes accounts.session_ended.
    """
    person_lock(session.person_id)
    family = BrowserSession.objects.filter(Q(id=session.id) | Q(parent_id=session.id))
    _end(actor, list(family.filter(revoked_at=None)), reason)


@transaction.atomic
def revoke_all(
    *,
    actor: Actor,
    person_id: uuid.UUID,
    reason: RevokedReason,
    tenant_id: uuid.UUID | None = None,
    keep: BrowserSession | None = None,
) -> int:
    """End every session of a person, or those in one tenant; returns how many. Publishes nothing.

    With all of them go those in which the person acts for others. keep: this one, the public one that it
    came from, and what came from that. Locks the person.
    """
    person_lock(person_id)
    found = BrowserSession.objects.filter(live(person_id))
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    else:
        found |= BrowserSession.objects.filter(impersonator_id=person_id, revoked_at=None)
    if keep is not None:
        root = keep.parent_id or keep.id
        found = found.exclude(id=root).exclude(parent_id=root)
    return _mark(list(found), reason)


def _end(actor: Actor, rows: Sequence[BrowserSession], reason: RevokedReason) -> None:
    _mark(rows, reason)
    for row in rows:
        if row.impersonator_id is not None:
            _impersonation_end(actor, row, row.impersonator_id, reason)
            continue
        publish(
            SessionEnded(person_id=row.person_id, session_id=row.id, kind="browser", reason=reason),
            actor=actor,
            tenant_id=None,
        )


def _impersonation_end(
    actor: Actor, row: BrowserSession, impersonator_id: uuid.UUID, reason: RevokedReason
) -> None:
    """In the workspace's history, wherever it was ended from."""
    tenant = tenant_by_id(row.tenant_id) if row.tenant_id else None
    event = ImpersonationEnded(
        person_id=row.person_id,
        impersonator_id=impersonator_id,
        session_id=row.id,
        email=row.person.email,
        reason=reason,
    )
    if tenant is not None:
        with tenant_context(tenant):
            publish(event, actor=actor)


def _mark(rows: Sequence[BrowserSession], reason: RevokedReason) -> int:
    hashes = [row.key_hash for row in rows]
    now = timezone.now()
    count = BrowserSession.objects.filter(id__in=[row.id for row in rows], revoked_at=None).update(
        revoked_at=now, revoked_reason=reason, updated_at=now
    )
    transaction.on_commit(lambda: sessions.forget(hashes))
    for person_id in {row.person_id for row in rows}:
        transaction.on_commit(partial(judge_again, person_id=person_id), robust=True)
    return count


def prune() -> int:
    """Delete the rows of sessions whose time is over, in small batches; returns how many."""
    deleted = 0
    while True:
        ids = BrowserSession.objects.filter(expires_at__lte=timezone.now()).values("id")
        batch = list(ids.values_list("id", flat=True)[:PRUNE_BATCH])
        count, _ = BrowserSession.objects.filter(id__in=batch).delete()
        deleted += count
        if count == 0:
            return deleted
