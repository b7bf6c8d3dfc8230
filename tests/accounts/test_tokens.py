import base64
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone

from apps.accounts import keys, tokens
from apps.accounts.errors import TokenExpired, TokenInvalid
from apps.accounts.models import Person, SigningKey, TokenSession
from apps.accounts.token_sessions import token_session_start
from apps.accounts.tokens import AccessClaims, access_token, verify
from apps.common import crypto
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(alice: Person) -> TokenSession:
    pair = token_session_start(person=alice, tenant_id=None, user_agent="tests", ip=None)
    return pair.session


def forged(session: TokenSession, *, key: Any = None, **changes: Any) -> str:
    """A token like ours but for `changes`: claims, or alg, kid, typ of its header. None removes."""
    key_set = keys.key_set()
    now = timezone.now()
    claims = {
        "iss": "http://localhost:8000",
        "aud": "wrapper-api",
        "sub": str(session.person_id),
        "sid": str(session.id),
        "tenant": None,
        "jti": "x",
        "iat": now,
        "exp": now + timedelta(seconds=600),
    }
    header = {"kid": key_set.kid, "typ": "at+jwt"}
    algorithm = changes.pop("alg", "RS256")
    for name, value in changes.items():
        target = header if name in header else claims
        target[name] = value
        if value is None and name != "tenant":
            del target[name]
    signing = key_set.private_key if key is None else key
    return jwt.encode(claims, signing, algorithm, headers=header)


def test_claims_and_header(session: TokenSession, acme: Tenant) -> None:
    session.tenant = acme
    token = access_token(session)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "RS256", "kid": keys.key_set().kid, "typ": "at+jwt"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "http://localhost:8000"
    assert claims["aud"] == "wrapper-api"
    assert claims["sub"] == str(session.person_id)
    assert claims["sid"] == str(session.id)
    assert claims["tenant"] == str(acme.id)
    assert claims["exp"] - claims["iat"] == 600
    assert sorted(claims) == ["aud", "epoch", "exp", "iat", "iss", "jti", "sid", "sub", "tenant"]


def test_verify(session: TokenSession) -> None:
    before_s = time.time()
    claims = verify(forged(session))
    assert claims == AccessClaims(
        session.person_id,
        session.id,
        None,
        epoch=0,
        jti="x",
        kid=keys.key_set().kid,
        expires_at_s=claims.expires_at_s,
    )
    assert before_s + 599 <= claims.expires_at_s <= time.time() + 600


def test_a_token_that_was_verified_expires(
    session: TokenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = forged(session, exp=timezone.now() + timedelta(seconds=1))
    assert verify(token) is verify(token)
    time.sleep(1.1)
    with pytest.raises(TokenExpired):
        verify(token)


def test_a_token_that_was_verified_needs_its_key(session: TokenSession) -> None:
    token = forged(session)
    verify(token)
    SigningKey.objects.update(revoked_at=timezone.now())
    keys.forget()
    with pytest.raises(TokenInvalid):
        verify(token)


def test_few_tokens_are_remembered(session: TokenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_VERIFIED", 3)
    tokens._verified.clear()
    for number in range(5):
        verify(forged(session, jti=str(number)))
    assert len(tokens._verified) == 3


def test_expired(session: TokenSession) -> None:
    with pytest.raises(TokenExpired):
        verify(forged(session, exp=timezone.now() - timedelta(seconds=1)))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://evil.test"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["wrapper-api", "other"]},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"jti": None},
        {"sub": None},
        {"sub": "alice"},
        {"sid": None},
        {"sid": "1"},
        {"tenant": "acme"},
        {"tenant": 7},
        {"kid": "unknown"},
        {"kid": None},
        {"kid": "../../dev/null"},
        {"typ": "JWT"},
        {"typ": None},
        {"alg": "RS384"},
        {"alg": "PS256"},
    ],
)
def test_refuses(session: TokenSession, changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        verify(forged(session, **changes))


def test_refuses_another_key_under_our_kid(session: TokenSession) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenInvalid):
        verify(forged(session, key=other))


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_refuses_alg_none_and_hmac_with_the_public_key(session: TokenSession) -> None:
    import hashlib
    import hmac

    claims = jwt.decode(forged(session), options={"verify_signature": False})
    kid = keys.key_set().kid
    none = f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': kid})}.{_part(claims)}."
    pem = (
        keys.key_set()
        .private_key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signed = f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': kid})}.{_part(claims)}"
    mac = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
    confused = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    for token in (none, confused):
        with pytest.raises(TokenInvalid):
            verify(token)


def test_refuses_every_tampered_part(session: TokenSession) -> None:
    header, claims, signature = forged(session).split(".")
    admin = _part({**json.loads(base64.urlsafe_b64decode(claims + "==")), "sub": "0" * 32})
    for token in (
        f"{header}.{admin}.{signature}",
        f"{header}.{claims}.{signature[:-8]}AAAAAAAA",
        f"{header}.{claims}",
        f"{header}.{claims}.",
        "x.y.z",
        "",
        "\ud83d\ude00",
        "a" * 9000,
    ):
        with pytest.raises(TokenInvalid):
            verify(token)


def test_private_key_is_encrypted_and_jwks_is_public_only(client: Client) -> None:
    response = client.get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=60"
    [jwk] = response.json()["keys"]
    stored = SigningKey.objects.get()
    assert sorted(jwk) == ["alg", "e", "kid", "kty", "n", "use"]
    assert (jwk["kid"], jwk["alg"], jwk["kty"], jwk["use"]) == (stored.kid, "RS256", "RSA", "sig")
    assert b"PRIVATE" not in bytes(stored.private_key_encrypted)
    assert crypto.decrypt(bytes(stored.private_key_encrypted)).startswith(b"-----BEGIN PRIVATE")


def test_jwks_on_a_tenants_host(acme: Tenant) -> None:
    response = Client(HTTP_HOST="acme.localhost:8000").get("/.well-known/jwks.json")
    assert response.json() == keys.key_set().jwks


def test_a_key_of_another_process_is_found_and_a_retired_one_fades(session: TokenSession) -> None:
    first = keys.key_set()
    token = forged(session)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key()))
    SigningKey.objects.create(
        kid="second",
        private_key_encrypted=crypto.encrypt(
            other.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        public_jwk={"kty": "RSA", "alg": "RS256", "kid": "second", "n": jwk["n"], "e": jwk["e"]},
    )
    keys._cached[0] = _aged(first, 2)
    assert keys.public_key("second") is not None
    assert keys.key_set().kid == "second"

    SigningKey.objects.filter(kid=first.kid).update(retired_at=timezone.now())
    keys.forget()
    assert verify(token).session_id == session.id
    SigningKey.objects.filter(kid=first.kid).update(
        retired_at=timezone.now() - timedelta(seconds=661)
    )
    keys.forget()
    with pytest.raises(TokenInvalid):
        verify(token)


def _aged(key_set: keys.KeySet, seconds: int) -> keys.KeySet:
    from dataclasses import replace

    return replace(key_set, loaded_at_s=key_set.loaded_at_s - seconds)
