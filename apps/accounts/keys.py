"""The RSA keys that sign access tokens: in the database, encrypted, known to every process."""

import json
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from apps.accounts.models import SigningKey
from apps.common import crypto
from apps.common.ids import uuid7

ALGORITHM = "RS256"
KEY_BITS = 2048
CACHE_S = 60
# At most one read a second for key ids that nobody knows.
REFETCH_S = 1
# Advisory lock: one process makes the first key.
LOCK = 0x6A77_6B00


@dataclass(frozen=True, slots=True)
class KeySet:
    """kid and private_key sign; public_keys (by kid) verify; jwks is what clients see."""

    kid: str
    private_key: rsa.RSAPrivateKey
    public_keys: dict[str, rsa.RSAPublicKey]
    jwks: dict[str, Any]
    loaded_at_s: float


_lock = threading.Lock()
# Of this process; at most one entry.
_cached: list[KeySet] = []


def key_set() -> KeySet:
    """The current keys, from memory for up to CACHE_S. Creates the first key.

    Call it before a transaction: a key that is rolled back could not be verified elsewhere.
    """
    return _load(CACHE_S)


def public_key(kid: str) -> rsa.RSAPublicKey | None:
    """The key to verify with. An unknown id is looked up anew: another process may have made it."""
    keys = _load(CACHE_S).public_keys
    if kid not in keys:
        keys = _load(REFETCH_S).public_keys
    return keys.get(kid)


def forget() -> None:
    """Drop what is in memory."""
    with _lock:
        _cached.clear()


def _load(max_age_s: float) -> KeySet:
    with _lock:
        if not _cached or time.monotonic() - _cached[0].loaded_at_s > max_age_s:
            _cached[:] = [_read() or _create()]
        return _cached[0]


def _read() -> KeySet | None:
    """Live keys and those that signed tokens which may still be good. One statement."""
    since = timezone.now() - timedelta(seconds=settings.ACCESS_TOKEN_LIFETIME_S)
    rows = list(
        SigningKey.objects.filter(Q(retired_at=None) | Q(retired_at__gt=since)).order_by("id")
    )
    live = [row for row in rows if row.retired_at is None]
    if not live:
        return None
    private_key = serialization.load_pem_private_key(
        crypto.decrypt(bytes(live[-1].private_key_encrypted)), password=None
    )
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError(f"signing key {live[-1].kid} is not an RSA key")
    return KeySet(
        kid=live[-1].kid,
        private_key=private_key,
        public_keys={row.kid: _from_jwk(row.public_jwk) for row in rows},
        jwks={"keys": [row.public_jwk for row in rows]},
        loaded_at_s=time.monotonic(),
    )


def _create() -> KeySet:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        made_meanwhile = _read()
        if made_meanwhile is not None:
            return made_meanwhile
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        kid = uuid7().hex
        pem = private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        jwk = json.loads(RSAAlgorithm.to_jwk(private_key.public_key()))
        SigningKey.objects.create(
            kid=kid,
            private_key_encrypted=crypto.encrypt(pem),
            public_jwk={
                "kty": "RSA",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": kid,
                "n": jwk["n"],
                "e": jwk["e"],
            },
        )
        made = _read()
    if made is None:
        raise RuntimeError("the signing key that was just stored cannot be read")
    return made


def _from_jwk(jwk: dict[str, Any]) -> rsa.RSAPublicKey:
    key = jwt.PyJWK(jwk, ALGORITHM).key
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("a published key is not an RSA public key")
    return key
