"""Signatures (Ed25519) of checkpoints and archived segments.

The keys are derived from SECRET_KEY and its fallbacks, not kept in the database: whoever can rewrite its rows
cannot sign. Not those of access tokens, which end after weeks; an archive is checked after years. The public
half is enough to check, so auditors get it from `manage.py audit key`.
"""

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=16)
def _private_key(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wrapper audit checkpoints")
    return Ed25519PrivateKey.from_private_bytes(seed.derive(secret.encode()))


def key_id(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:16]


def public_keys() -> dict[str, bytes]:
    """By id, the one that signs now first."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    raw = [_private_key(secret).public_key().public_bytes_raw() for secret in secrets]
    return {key_id(one): one for one in raw}


def sign(message: bytes) -> tuple[str, bytes]:
    """(id of the key, signature)."""
    return next(iter(public_keys())), _private_key(settings.SECRET_KEY).sign(message)


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
