"""Secrets at rest: Fernet (AES-128-CBC with HMAC) under a key derived from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _fernet(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wrapper secrets at rest")
    return Fernet(base64.urlsafe_b64encode(key.derive(secret.encode())))


def _keys() -> MultiFernet:
    return MultiFernet([_fernet(s) for s in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def encrypt(plaintext: bytes) -> bytes:
    return _keys().encrypt(plaintext)


def decrypt(token: bytes) -> bytes:
    """Raises cryptography.fernet.InvalidToken when no current or fallback key fits."""
    return _keys().decrypt(token)
