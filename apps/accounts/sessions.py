"""Sessions in Redis (SESSION_ENGINE)."""

from typing import Any

from django.contrib.sessions.backends import cache


class SessionStore(cache.SessionStore):
    """Django's takes a Redis that is away for a session that has ended, and signs the person out."""

    def load(self) -> dict[str, Any]:
        """Raises redis.exceptions.ConnectionError, TimeoutError."""
        data: dict[str, Any] | None = self._cache.get(self.cache_key)  # type: ignore[attr-defined]
        if data is None:
            self._session_key = None
        return data or {}
