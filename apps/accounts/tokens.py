"""Access tokens: JWTs (RFC 7519, RFC 9068's media type) signed with RS256, good for ten minutes."""

import hashlib
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone

from apps.accounts import keys
from apps.accounts.errors import TokenExpired, TokenInvalid
from apps.accounts.models import TokenSession
from apps.common.ids import parse_uuid, uuid7

AUDIENCE = "wrapper-api"
TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified token says.

    tenant_id: the only tenant that it is good for, or None. epoch: the person's when it was issued.
    expires_at_s: Unix time.
    """

    person_id: uuid.UUID
    session_id: uuid.UUID
    tenant_id: uuid.UUID | None
    epoch: int
    jti: str
    kid: str
    expires_at_s: float


_lock = threading.Lock()
# Tokens that this process has verified, by their SHA-256: clients use each for ten minutes.
_verified: OrderedDict[bytes, AccessClaims] = OrderedDict()
MAX_VERIFIED = 10_000


def access_token(session: TokenSession) -> str:
    """A signed token for a session. Reads no database when the keys are in memory."""
    key_set = keys.key_set()
    now = timezone.now()
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": AUDIENCE,
        "sub": str(session.person_id),
        "sid": str(session.id),
        "tenant": str(session.tenant_id) if session.tenant_id else None,
        "epoch": session.person.epoch,
        "jti": uuid7().hex,
        "iat": now,
        "exp": now + timedelta(seconds=settings.ACCESS_TOKEN_LIFETIME_S),
    }
    return jwt.encode(
        claims, key_set.private_key, keys.ALGORITHM, headers={"kid": key_set.kid, "typ": TYPE}
    )


def verify(token: str) -> AccessClaims:
    """Check signature, algorithm, type, issuer, audience and times. A token seen before: key and expiry.

    Whether the session was revoked is for the caller to look up. Raises TokenExpired, TokenInvalid.
    """
    digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
    with _lock:
        known = _verified.get(digest)
    if known is not None and known.expires_at_s > time.time() and keys.public_key(known.kid):
        return known
    claims = _verify(token)
    with _lock:
        _verified[digest] = claims
        if len(_verified) > MAX_VERIFIED:
            _verified.popitem(last=False)
    return claims


def _verify(token: str) -> AccessClaims:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != keys.ALGORITHM or header.get("typ") != TYPE:
            raise TokenInvalid
        key = keys.public_key(str(header.get("kid")))
        if key is None:
            raise TokenInvalid
        claims = jwt.decode(
            token,
            key,
            algorithms=[keys.ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.PUBLIC_URL,
            options={"require": REQUIRED, "strict_aud": True},
        )
        return _claims(claims, kid=str(header["kid"]))
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, ValueError, KeyError, TypeError) as error:
        raise TokenInvalid from error


def _claims(claims: dict[str, Any], *, kid: str) -> AccessClaims:
    tenant = claims["tenant"]
    return AccessClaims(
        person_id=_uuid(claims["sub"]),
        session_id=_uuid(claims["sid"]),
        tenant_id=_uuid(tenant) if tenant is not None else None,
        # Absent from tokens of the release before; every person's first epoch is 0.
        epoch=int(claims.get("epoch", 0)),
        jti=str(claims["jti"]),
        kid=kid,
        expires_at_s=float(claims["exp"]),
    )


def _uuid(value: object) -> uuid.UUID:
    parsed = parse_uuid(value)
    if parsed is None:
        raise TokenInvalid
    return parsed
