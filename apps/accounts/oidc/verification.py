"""What a token has to be before anything that it says is believed (OpenID Connect Core, section 3.1.3.7)."""

import time
from typing import Any

import jwt
import structlog
from django.utils.crypto import constant_time_compare

from apps.accounts.errors import ProviderRefused
from apps.accounts.oidc import jwks
from apps.accounts.oidc.config import Provider

log = structlog.get_logger(__name__)

MAX_TOKEN_BYTES = 32 * 1024
LEEWAY_S = 30
# An ID token comes straight from the token endpoint.
ID_TOKEN_MAX_AGE_S = 600
SUBJECT_MAX_LENGTH = 255
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# Media types that are not an ID token's, however it is signed (RFC 9068, Back-Channel Logout 1.0).
OTHER_TYPES = ("at+jwt", "application/at+jwt", "logout+jwt", "application/logout+jwt")


def refuse(reason: str, detail: str | None = None) -> ProviderRefused:
    """To raise. reason: for the history and for programs."""
    return ProviderRefused(detail, code=reason)


def id_token_verify(provider: Provider, token: Any, *, nonce: str) -> dict[str, Any]:
    """The claims of an ID token for this sign-in. Raises ProviderRefused, ProviderUnavailable."""
    claims = signed_claims(provider, token, audience=provider.client_id, not_types=OTHER_TYPES)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    azp = claims.get("azp")
    if (len(audiences) > 1 and azp is None) or azp not in (None, provider.client_id):
        raise refuse("azp_wrong")
    if (
        not isinstance(claims["iat"], int | float)
        or claims["iat"] < time.time() - ID_TOKEN_MAX_AGE_S
    ):
        raise refuse("token_old")
    if "events" in claims:
        raise refuse("token_type_wrong")
    sent = claims.get("nonce")
    if not isinstance(sent, str) or not nonce or not constant_time_compare(sent, nonce):
        raise refuse("nonce_wrong")
    return claims


def signed_claims(
    provider: Provider,
    token: Any,
    *,
    audience: str | None,
    types: tuple[str, ...] = (),
    not_types: tuple[str, ...] = (),
    required: tuple[str, ...] = ("iss", "aud", "sub", "exp", "iat"),
) -> dict[str, Any]:
    """Claims that the provider signed for the audience (None: not looked at), and that hold now.

    The algorithm and the key are the provider's, whatever the header says; jku, x5u and jwk are not looked
    at. types: media types of which it must have one. Raises ProviderRefused, ProviderUnavailable.
    """
    header = _header(provider, token)
    kind = str(header.get("typ", "")).lower()
    if (types and kind not in types) or kind in not_types:
        raise refuse("token_type_wrong")
    kid = header.get("kid", "")
    if not isinstance(kid, str) or len(kid) > 500:
        raise refuse("key_unknown")
    key = jwks.signing_key(provider, kid, header["alg"])
    if key is None:
        raise refuse("key_unknown")
    options: Any = {
        "require": list(required),
        "verify_aud": audience is not None,
        "enforce_minimum_key_length": True,
    }
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            audience=audience,
            issuer=provider.issuer,
            leeway=LEEWAY_S,
            options=options,
        )
    except jwt.PyJWTError as error:
        raise refuse(_reason(error)) from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise refuse("token_malformed") from error
    _check_subject(claims, is_needed="sub" in required)
    return claims


def _header(provider: Provider, token: Any) -> dict[str, Any]:
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_BYTES or token.count(".") != 2:
        raise refuse("token_malformed")
    try:
        header: dict[str, Any] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise refuse("token_malformed") from error
    if header.get("alg") not in provider.algorithms:
        raise refuse("algorithm_wrong")
    if "crit" in header or "b64" in header:
        raise refuse("token_malformed")
    return header


REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "token_expired",
    jwt.ImmatureSignatureError: "token_early",
    jwt.InvalidAudienceError: "audience_wrong",
    jwt.InvalidIssuerError: "issuer_wrong",
    jwt.InvalidSignatureError: "signature_wrong",
    jwt.MissingRequiredClaimError: "claim_missing",
}


def _reason(error: Exception) -> str:
    return next((r for kind, r in REASONS.items() if isinstance(error, kind)), "token_malformed")


def _check_subject(claims: dict[str, Any], *, is_needed: bool) -> None:
    subject = claims.get("sub")
    if subject is None and not is_needed:
        return
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= SUBJECT_MAX_LENGTH
        or not subject.isprintable()
    ):
        raise refuse("subject_wrong")
