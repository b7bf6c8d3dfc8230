"""Telling clients that somebody signed out (OpenID Connect Back-Channel Logout 1.0)."""

import secrets
import time
from typing import Any

import requests

from apps.sandbox.oidc import misbehaviour, state
from apps.sandbox.oidc.state import Client, Issuer

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(
    found: Issuer, base: str, client: Client, *, sid: str = "", sub: str = "", **changes: Any
) -> str:
    """changes: claims that differ, None to leave one out."""
    now = int(time.time())
    claims = {
        "iss": base,
        "aud": client.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_hex(16),
        "events": {EVENT: {}},
        "sid": sid or None,
        "sub": sub or None,
        **changes,
    }
    kept = {k: v for k, v in claims.items() if v is not None}
    return misbehaviour.sign(found.signing_key, kept, typ="logout+jwt")


def send(found: Issuer, base: str, *, sid: str = "", sub: str = "") -> list[int]:
    """Post a logout token to every client; the statuses that they answered, 0 for none."""
    statuses = []
    for client in found.clients:
        token = logout_token(found, base, client, sid=sid, sub=sub)
        try:
            answer = requests.post(
                client.backchannel_logout_uri,
                data={"logout_token": token},
                timeout=5,
                allow_redirects=False,
            )
        except requests.RequestException:
            statuses.append(0)
        else:
            statuses.append(answer.status_code)
    if sid:
        state.store("session", sid, {}, 1)
    return statuses
