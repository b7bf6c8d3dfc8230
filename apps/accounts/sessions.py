"""Sessions in Redis (SESSION_ENGINE), under the hash of their key.

Whoever reads Redis or the database finds no key that a browser would be believed with, and a row that
keeps the hash is enough to end a session.
"""

import hashlib
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import caches

PREFIX = "session:"
# In a session: when the person signed in, in seconds since 1970. It ends SESSION_COOKIE_AGE later, however
# much it is used.
BEGAN_KEY = "began_at"


def key_hash(session_key: str) -> str:
    """SHA-256. A key has 165 random bits: a plain hash cannot be searched."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def forget(key_hashes: Iterable[str]) -> None:
    """End sessions at once. One round trip to Redis."""
    keys = [PREFIX + found for found in key_hashes]
    if keys:
        caches[settings.SESSION_CACHE_ALIAS].delete_many(keys)


class SessionStore(cache.SessionStore):
    """Django's takes a Redis that is away for a session that has ended, and signs the person out.

    It also could write back, from a request that was under way, a session that was ended meanwhile.
    """

    _cache: Any

    @property
    def cache_key(self) -> str:
        key: str = self._get_or_create_session_key()  # type: ignore[attr-defined]
        return PREFIX + key_hash(key)

    def load(self) -> dict[str, Any]:
        """Raises redis.exceptions.ConnectionError, TimeoutError."""
        data: dict[str, Any] | None = self._cache.get(self.cache_key)
        if data is None:
            self._session_key = None
        return data or {}

    def save(self, must_create: bool = False) -> None:
        """Writes only what is still there, in one step. Raises UpdateError, CreateError."""
        if must_create or self.session_key is None:
            return super().save(must_create)
        redis = self._cache._cache
        stored = redis.get_client(write=True).set(
            self._cache.make_and_validate_key(self.cache_key),
            redis._serializer.dumps(self._get_session()),  # type: ignore[attr-defined]
            ex=max(1, self.get_expiry_age()),
            xx=True,
        )
        if not stored:
            raise UpdateError
        return None

    def exists(self, session_key: str | None) -> bool:
        return bool(session_key) and PREFIX + key_hash(str(session_key)) in self._cache

    def delete(self, session_key: str | None = None) -> None:
        if session_key := session_key or self.session_key:
            self._cache.delete(PREFIX + key_hash(session_key))

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Seconds; never past the end that the sign-in set."""
        age = super().get_expiry_age(**kwargs)
        began_at = self.get(BEGAN_KEY)
        if began_at is None:
            return age
        return min(age, int(began_at + settings.SESSION_COOKIE_AGE - time.time()))
