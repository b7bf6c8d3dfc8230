"""Ending sign-ins of both kinds: one, all others, all. Effective on the next request."""

import uuid

from django.db import transaction

from apps.accounts import browser_sessions, token_sessions
from apps.accounts.enums import RevokedReason
from apps.accounts.events import SessionsEnded
from apps.accounts.models import BrowserSession, TokenSession
from apps.accounts.session_list import Current
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.events.services import publish


def sign_in_end(*, actor: Actor, session: BrowserSession | TokenSession) -> None:
    """End a sign-in that `sign_in_for` gave; again is harmless. The workspaces' go with a public one.

    Publishes accounts.session_ended or accounts.token_session_revoked.
    """
    if isinstance(session, TokenSession):
        token_sessions.token_session_revoke(actor=actor, session=session)
    else:
        browser_sessions.browser_session_revoke(
            actor=actor, session=session, reason=RevokedReason.REVOKED
        )


@transaction.atomic
def sign_ins_end_others(*, actor: Actor, person_id: uuid.UUID, current: Current) -> int:
    """Sign out everywhere but here: this browser with its workspaces stays, or this API sign-in.

    Returns how many ended. Publishes accounts.sessions_ended when any did. Raises NotFound for somebody
    else's.
    """
    if actor.person_id != person_id:
        raise NotFound
    keep = (
        BrowserSession.objects.filter(key_hash=current.browser_hash, person_id=person_id).first()
        if current.browser_hash
        else None
    )
    return _end(
        actor, person_id, RevokedReason.ELSEWHERE, browser=keep, token=current.token_session_id
    )


@transaction.atomic
def sign_ins_end_all(*, actor: Actor, person_id: uuid.UUID, note: str) -> int:
    """Sign a person out everywhere. Platform staff and commands only; note: why.

    Returns how many ended. Publishes accounts.sessions_ended when any did. Raises PermissionDenied.
    """
    require_platform(actor)
    return _end(actor, person_id, RevokedReason.STAFF, note=note)


def _end(
    actor: Actor,
    person_id: uuid.UUID,
    reason: RevokedReason,
    *,
    browser: BrowserSession | None = None,
    token: uuid.UUID | None = None,
    note: str = "",
) -> int:
    browsers = browser_sessions.revoke_all(
        actor=actor, person_id=person_id, reason=reason, keep=browser
    )
    tokens = token_sessions.revoke_all(actor=actor, person_id=person_id, reason=reason, keep=token)
    if browsers or tokens:
        publish(
            SessionsEnded(
                person_id=person_id,
                reason=reason,
                browser_count=browsers,
                api_count=tokens,
                note=note,
            ),
            actor=actor,
            tenant_id=None,
        )
    return browsers + tokens
