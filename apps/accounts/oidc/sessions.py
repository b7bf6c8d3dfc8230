"""What a session remembers of the provider that it began by, and how the provider ends it."""

import hashlib
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.http import HttpRequest

from apps.accounts.handoff import HOST_KEY, PUBLIC_HOST
from apps.accounts.oidc.client import SignedIn
from apps.accounts.oidc.config import SIGNED_OUT_PATH, Provider, provider_by_id
from apps.common.ids import parse_uuid
from apps.common.urls import public_url

# In a session: provider_id, subject, sid, id_token, at (seconds since 1970).
KEY = "oidc"
ID_TOKEN_KEPT_BYTES = 6000


def remember(request: HttpRequest, provider: Provider, signed_in: SignedIn) -> None:
    """Note the provider in the session that begins."""
    request.session[KEY] = note(provider, signed_in)


def note(provider: Provider, signed_in: SignedIn) -> dict[str, Any]:
    kept = signed_in.id_token if len(signed_in.id_token) <= ID_TOKEN_KEPT_BYTES else ""
    return {
        "provider_id": str(provider.id),
        "subject": signed_in.subject,
        "sid": signed_in.sid,
        "id_token": kept,
        "at": time.time(),
    }


def is_workspace_session(session: SessionBase) -> bool:
    """Whether it began by a tenant's own provider.

    Whoever runs that provider can have such a session of anybody in the tenant's domains: it must show and
    change nothing of theirs outside the tenant.
    """
    return KEY in session and session.get(HOST_KEY) != PUBLIC_HOST


def ended_by_provider(session: SessionBase) -> bool:
    """Whether the provider has signed the person out since.

    One round trip to Redis, for sessions that began by a provider only.
    """
    known = session.get(KEY)
    if not known:
        return False
    return is_ended_since(
        known["provider_id"], subject=known["subject"], sid=known["sid"], since_s=known["at"]
    )


def is_ended_since(provider_id: str, *, subject: str, sid: str, since_s: float) -> bool:
    """since_s: when it began, in seconds since 1970. One round trip to Redis."""
    names = [_mark(provider_id, "sub", subject)]
    if sid:
        names.append(_mark(provider_id, "sid", sid))
    marks = caches["global"].get_many(names)
    return any(at >= since_s for at in marks.values())


def end_by_provider(provider_id: uuid.UUID, *, subject: str, sid: str) -> None:
    """End the sessions of a session at the provider, or without `sid` all of a subject.

    Effective on their next request, in all processes: they find the mark.
    """
    kind, value = ("sid", sid) if sid else ("sub", subject)
    caches["global"].set(
        _mark(str(provider_id), kind, value), time.time(), settings.SESSION_COOKIE_AGE
    )


def sign_out_url(session: SessionBase) -> str:
    """Where the browser signs out at the provider, too (RP-Initiated Logout 1.0); "" where it need not."""
    known = session.get(KEY)
    provider_id = parse_uuid(known["provider_id"]) if known else None
    provider = provider_by_id(provider_id) if provider_id else None
    if known is None or provider is None or not provider.end_session_endpoint:
        return ""
    query = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": public_url(SIGNED_OUT_PATH),
    }
    if known["id_token"]:
        query["id_token_hint"] = known["id_token"]
    joint = "&" if "?" in provider.end_session_endpoint else "?"
    return f"{provider.end_session_endpoint}{joint}{urlencode(query)}"


def _mark(provider_id: str, kind: str, value: str) -> str:
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"oidc-ended:{provider_id}:{kind}:{digest}"
