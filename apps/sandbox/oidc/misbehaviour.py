"""The ways in which a provider of the sandbox can be told to be wrong."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Collection
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from apps.sandbox.oidc.state import Issuer, Key, issuer, private_key

Claims = dict[str, Any]
DAY_S = 86_400


def _without(*names: str) -> Callable[[Claims], Claims]:
    return lambda claims: {k: v for k, v in claims.items() if k not in names}


def _with(**values: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **values}


# What an ID token claims.
CLAIMS: dict[str, Callable[[Claims], Claims]] = {
    "wrong_iss": _with(iss="https://evil.example"),
    "iss_with_slash": lambda claims: {**claims, "iss": f"{claims['iss']}/"},
    "no_iss": _without("iss"),
    "wrong_aud": _with(aud="somebody-else"),
    "wrong_aud_list": _with(aud=["somebody-else"]),
    "no_aud": _without("aud"),
    "empty_aud": _with(aud=[]),
    "many_aud_without_azp": lambda claims: {
        **_without("azp")(claims),
        "aud": [claims["aud"], "somebody-else"],
    },
    "many_aud_wrong_azp": lambda claims: {
        **claims,
        "aud": [claims["aud"], "somebody-else"],
        "azp": "somebody-else",
    },
    "wrong_azp": _with(azp="somebody-else"),
    "wrong_nonce": _with(nonce="another"),
    "no_nonce": _without("nonce"),
    "no_exp": _without("exp"),
    "expired": lambda claims: {**claims, "exp": int(time.time()) - DAY_S},
    "text_exp": _with(exp="tomorrow"),
    "no_iat": _without("iat"),
    "old_iat": lambda claims: {**claims, "iat": int(time.time()) - DAY_S},
    "future_iat": lambda claims: {**claims, "iat": int(time.time()) + DAY_S},
    "old_auth_time": lambda claims: {**claims, "auth_time": int(time.time()) - DAY_S},
    "future_nbf": lambda claims: {**claims, "nbf": int(time.time()) + DAY_S},
    "no_sub": _without("sub"),
    "empty_sub": _with(sub=""),
    "long_sub": _with(sub="x" * 300),
    "number_sub": _with(sub=7),
    "nul_sub": _with(sub="a\0b"),
    "email_unverified": _with(email_verified=False),
    "email_verified_text": _with(email_verified="true"),
    "no_email_verified": _without("email_verified"),
    "no_email": _without("email"),
    "bad_email": _with(email="alice@acme.test\n@example.com"),
    "list_email": _with(email=["alice@acme.test"]),
    "nul_name": _with(name="a\0b"),
    "logout_token": lambda claims: {
        **claims,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    },
}
# How an ID token is signed.
SIGNATURES = {
    "alg_none": "alg none, no signature",
    "alg_none_signed": "alg none, with the signature of before",
    "hs256_public_key": "HS256 with the public RSA key as secret",
    "hs256_client_secret": "HS256 with the client's secret",
    "rs512": "RS512, which is not configured",
    "unknown_kid": "a kid that no key has",
    "no_kid": "no kid, while several keys are published",
    "jku": "jku and x5u that lead to keys of another",
    "jwk_header": "signed with a key that the header brings along",
    "crit": "crit, with an extension that nobody knows",
    "other_issuer_key": "signed with another issuer's key, under its kid",
    "other_key_same_kid": "signed with another key under the right kid",
    "bad_signature": "a bit of the signature is flipped",
    "payload_swapped": "the claims were changed after signing",
    "access_token": "the access token in place of the ID token",
    "no_id_token": "no ID token at all",
    "list_id_token": "a list in place of the ID token",
    "empty_id_token": "an empty ID token",
    "four_parts": "four parts",
    "huge_id_token": "an ID token of 300 kB",
}
# What an endpoint does instead of answering; as `token_slow`, `jwks_500`.
ENDPOINTS = ("discovery", "token", "jwks", "userinfo")
FAILURES = ("slow", "drip", "500", "404", "oversize", "redirect", "html", "list", "empty", "deep")
OTHERS = {
    "userinfo_other_sub": "userinfo tells of somebody else",
    "userinfo_needed": "the ID token has no e-mail address, userinfo has it",
    "token_invalid_grant": "the token endpoint refuses every code",
    "wrong_iss_parameter": "the answer to the browser names another issuer (RFC 9207)",
    "discovery_other_issuer": "the discovery document names another issuer",
    "discovery_internal_jwks": "the discovery document leads to an internal address",
    "replays_codes": "codes can be used again",
}
ALL = frozenset([*CLAIMS, *SIGNATURES, *OTHERS, *(f"{e}_{f}" for e in ENDPOINTS for f in FAILURES)])


def id_token(found: Issuer, claims: Claims, wrong: Collection[str], client_secret: str) -> Any:
    """An ID token with the wrongs that were asked for."""
    for name, alter in CLAIMS.items():
        if name in wrong:
            claims = alter(claims)
    for name in SIGNATURES:
        if name in wrong:
            return _signed(found, claims, name, client_secret)
    return sign(found.signing_key, claims)


def sign(key: Key, claims: Claims, **headers: Any) -> str:
    return jwt.encode(
        claims, private_key(key.pem), key.alg, headers={"kid": key.kid, "typ": "JWT", **headers}
    )


def _signed(found: Issuer, claims: Claims, how: str, client_secret: str) -> Any:
    key = found.signing_key
    token = sign(key, claims)
    head, body, signature = token.split(".")
    header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
    others = issuer("globex" if found.slug != "globex" else "acme")
    other = others.signing_key if others else key
    made: dict[str, Callable[[], Any]] = {
        "alg_none": lambda: f"{_part({**header, 'alg': 'none'})}.{body}.",
        "alg_none_signed": lambda: f"{_part({**header, 'alg': 'none'})}.{body}.{signature}",
        "hs256_public_key": lambda: _hs256(header, body, _public_pem(key)),
        "hs256_client_secret": lambda: _hs256(header, body, client_secret.encode()),
        "rs512": lambda: jwt.encode(
            claims, private_key(key.pem), "RS512", headers={"kid": key.kid}
        ),
        "unknown_kid": lambda: sign(key, claims, kid="nobody-has-this"),
        "no_kid": lambda: jwt.encode(claims, private_key(key.pem), key.alg),
        "jku": lambda: sign(
            other,
            claims,
            kid=key.kid,
            jku="https://evil.example/jwks.json",
            x5u="https://evil.example/x5u.pem",
        ),
        "jwk_header": lambda: sign(other, claims, kid=key.kid, jwk=public_jwk(other)),
        "crit": lambda: sign(key, claims, crit=["https://evil.example/x"]),
        "other_issuer_key": lambda: sign(other, claims),
        "other_key_same_kid": lambda: sign(other, claims, kid=key.kid),
        "bad_signature": lambda: (
            f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        ),
        "payload_swapped": lambda: f"{head}.{_part({**claims, 'sub': 'kp_charlie'})}.{signature}",
        "no_id_token": lambda: None,
        "list_id_token": lambda: [token],
        "empty_id_token": lambda: "",
        "four_parts": lambda: f"{token}.{signature}",
        "huge_id_token": lambda: sign(key, {**claims, "x": "x" * 300_000}),
        "access_token": lambda: None,
    }
    return made[how]()


def public_jwk(key: Key) -> dict[str, Any]:
    """The public half, as the key set has it (RFC 7517)."""
    algorithm = jwt.get_algorithm_by_name(key.alg)
    jwk: dict[str, Any] = json.loads(algorithm.to_jwk(private_key(key.pem).public_key()))
    jwk.pop("key_ops", None)
    return {**jwk, "kid": key.kid, "alg": key.alg, "use": "sig"}


def _public_pem(key: Key) -> bytes:
    public: bytes = (
        private_key(key.pem)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return public


def _hs256(header: Claims, body: str, secret: bytes) -> str:
    """By hand: PyJWT refuses to take a public key for a secret."""
    signed = f"{_part({**header, 'alg': 'HS256'})}.{body}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
