"""Access tokens that the platform's provider issued for our API, verified here (RFC 9068, and Kinde's)."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings

from apps.accounts.errors import ProviderRefused, ProviderUnavailable, TokenExpired, TokenInvalid
from apps.accounts.oidc.client import moment
from apps.accounts.oidc.config import Provider, is_configured
from apps.accounts.oidc.platform import platform_provider
from apps.accounts.oidc.sessions import is_ended_since
from apps.accounts.oidc.verification import signed_claims

# How a person proved who they are, by the platform's provider: in sessions, as in tokens.
METHOD = "oidc"
# How long a process goes on with the provider's row that it has read.
PROVIDER_KEPT_S = 60
REQUIRED = ("iss", "aud", "sub", "exp", "iat")
# An ID token or a logout token is no access token, whatever its audience.
OTHER_TYPES = ("logout+jwt", "application/logout+jwt", "id+jwt")

_known: list[tuple[float, Provider]] = []


@dataclass(frozen=True, slots=True)
class ExternalClaims:
    """What a verified token says. All times in seconds since 1970.

    sid: the session at the provider, or "". proved_at: when its subject last showed the provider who they
    are; 0: it does not say. org_code: Kinde's organization that it was issued for, or "".
    """

    provider_id: uuid.UUID
    issuer: str
    subject: str
    sid: str
    issued_at: float
    proved_at: float
    org_code: str


def external_claims(token: str) -> ExternalClaims | None:
    """The claims of a token that the platform's provider issued for OIDC_API_AUDIENCE.

    None: it is no token of that provider's, or none is accepted here. Warm: no statement, no Redis, no
    network. Raises TokenExpired, TokenInvalid; ProviderUnavailable where the provider's keys cannot be had.
    """
    if not (settings.OIDC_API_AUDIENCE and is_configured()) or token.count(".") != 2:
        return None
    try:
        # Only to know whose keys to take.
        said = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    provider = _provider()
    if said.get("iss") != provider.issuer:
        return None
    try:
        claims = signed_claims(
            provider,
            token,
            audience=settings.OIDC_API_AUDIENCE,
            not_types=OTHER_TYPES,
            required=REQUIRED,
        )
    except ProviderUnavailable:
        raise
    except ProviderRefused as error:
        raise (TokenExpired if error.code == "token_expired" else TokenInvalid) from error
    if "nonce" in claims or "events" in claims:
        raise TokenInvalid
    return ExternalClaims(
        provider_id=provider.id,
        issuer=claims["iss"],
        subject=claims["sub"],
        sid=_text(claims.get("sid")),
        issued_at=float(claims["iat"]),
        proved_at=moment(claims.get("auth_time")),
        org_code=_text(claims.get("org_code")),
    )


def external_is_ended(claims: ExternalClaims) -> bool:
    """Whether the provider has signed the person out since, by back-channel. One round trip to Redis."""
    return is_ended_since(
        str(claims.provider_id), subject=claims.subject, sid=claims.sid, since_s=claims.issued_at
    )


def forget() -> None:
    """Drop what is in this process's memory."""
    _known.clear()


def _provider() -> Provider:
    now = time.monotonic()
    for read_at_s, provider in _known:
        if now - read_at_s < PROVIDER_KEPT_S and provider.client_id == settings.OIDC_CLIENT_ID:
            return provider
    found = platform_provider()
    _known[:] = [(now, found)]
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 255 else ""
