"""The RSA keys that sign access tokens: in the database, encrypted, known to every process."""

import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from apps.accounts import epochs
from apps.accounts.enums import SigningKeyState
from apps.accounts.models import SigningKey, signing_key_fades_s
from apps.common import crypto
from apps.common.ids import uuid7
from apps.common.outages import REDIS_OUTAGES

ALGORITHM = "RS256"
KEY_BITS = 2048
# At most one read a second for key ids that nobody knows.
REFETCH_S = 1
# Advisory lock: one process makes the first key.
LOCK = 0x6A77_6B00


@dataclass(frozen=True, slots=True)
class KeySet:
    """kid and private_key sign; public_keys (by kid) verify; jwks is what clients see.

    epoch: of the signing keys, from before they were read.
    """

    kid: str
    private_key: rsa.RSAPrivateKey
    public_keys: dict[str, rsa.RSAPublicKey]
    jwks: dict[str, Any]
    loaded_at_s: float
    epoch: str


_lock = threading.Lock()
# Of this process; at most one entry.
_cached: list[KeySet] = []


def key_set() -> KeySet:
    """The current keys, from memory for up to SIGNING_KEY_CACHE_S. Creates the first key.

    Call it before a transaction: a key that is rolled back could not be verified elsewhere.
    """
    return _load(settings.SIGNING_KEY_CACHE_S)


def public_key(kid: str) -> rsa.RSAPublicKey | None:
    """The key to verify with. An unknown id is looked up anew: another process may have made it."""
    keys = _load(settings.SIGNING_KEY_CACHE_S).public_keys
    if kid not in keys:
        keys = _load(REFETCH_S).public_keys
    return keys.get(kid)


def forget() -> None:
    """Drop what is in memory."""
    with _lock:
        _cached.clear()


def are_current(epoch: str) -> bool:
    """Whether no key was revoked since those in memory were read; if so, they are dropped."""
    with _lock:
        if _cached and _cached[0].epoch == epoch != epochs.CHANGING:
            return True
        _cached.clear()
        return False


def _load(max_age_s: float) -> KeySet:
    with _lock:
        if not _cached or time.monotonic() - _cached[0].loaded_at_s > max_age_s:
            _cached[:] = [_read() or _create()]
        return _cached[0]


def _read() -> KeySet | None:
    """The key that signs, the next one, and those whose tokens may still be good. One statement."""
    try:
        epoch = epochs.read(epochs.SIGNING_KEYS)[epochs.SIGNING_KEYS]
    except REDIS_OUTAGES:
        # Good for one request, then: nobody would tell us of a revocation.
        epoch = epochs.CHANGING
    rows = list(published())
    signing = [row for row in rows if row.state == SigningKeyState.SIGNING]
    if not signing:
        return None
    # Only we can have written it, as its encryption proves: to test its primes again takes 40 ms.
    private_key = serialization.load_pem_private_key(
        crypto.decrypt(bytes(signing[-1].private_key_encrypted)),
        password=None,
        unsafe_skip_rsa_key_validation=True,
    )
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError(f"signing key {signing[-1].kid} is not an RSA key")
    return KeySet(
        kid=signing[-1].kid,
        private_key=private_key,
        public_keys={row.kid: _from_jwk(row.public_jwk) for row in rows},
        jwks={"keys": [row.public_jwk for row in rows]},
        loaded_at_s=time.monotonic(),
        epoch=epoch,
    )


def published() -> QuerySet[SigningKey]:
    """Keys that verify now or will, the one that signs latest at the end."""
    since = timezone.now() - timedelta(seconds=signing_key_fades_s())
    return SigningKey.objects.filter(
        Q(retired_at=None) | Q(retired_at__gt=since), revoked_at=None
    ).order_by("signs_from", "id")


def lock_changes() -> None:
    """Until the end of the transaction nobody else makes or retires a key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def key_make(signs_from: datetime) -> SigningKey:
    """Make and store a key pair. The caller holds lock_changes()."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    kid = uuid7().hex
    pem = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    jwk = json.loads(RSAAlgorithm.to_jwk(private_key.public_key()))
    numbers = {"n": jwk["n"], "e": jwk["e"]}
    return SigningKey.objects.create(
        kid=kid,
        private_key_encrypted=crypto.encrypt(pem),
        public_jwk={"kty": "RSA", "use": "sig", "alg": ALGORITHM, "kid": kid, **numbers},
        signs_from=signs_from,
    )


def _create() -> KeySet:
    with transaction.atomic():
        lock_changes()
        made_meanwhile = _read()
        if made_meanwhile is not None:
            return made_meanwhile
        key_make(timezone.now())
        made = _read()
    if made is None:
        raise RuntimeError("the signing key that was just stored cannot be read")
    return made


def _from_jwk(jwk: dict[str, Any]) -> rsa.RSAPublicKey:
    key = jwt.PyJWK(jwk, ALGORITHM).key
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("a published key is not an RSA public key")
    return key
