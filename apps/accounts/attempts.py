"""Where allauth's limits count attempts: in Redis, and in this process while Redis is away."""

from typing import Any

import structlog
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

from apps.common.outages import REDIS_OUTAGES

log = structlog.get_logger(__name__)

_local = LocMemCache("accounts.attempts", {"MAX_ENTRIES": 10_000})


class AttemptsCache:
    """What allauth.core.internal.ratelimit and apps.accounts.limits use of a cache.

    Attempts to sign in belong to no tenant, and count the same on every host. Without Redis each process
    counts for itself: attempts stay limited, if less strictly, and nobody is kept from signing in.
    """

    def add(self, key: str, value: Any, timeout: float | None = None) -> bool:
        return bool(self._call("add", key, value, timeout))

    def get(self, key: str, default: Any = None) -> Any:
        return self._call("get", key, default)

    def set(self, key: str, value: Any, timeout: float | None = None) -> None:
        self._call("set", key, value, timeout)

    def delete(self, key: str) -> bool:
        return bool(self._call("delete", key))

    def delete_many(self, keys: list[str]) -> None:
        self._call("delete_many", keys)

    def _call(self, name: str, *arguments: Any) -> Any:
        try:
            return getattr(caches["global"], name)(*arguments)
        except REDIS_OUTAGES as error:
            log.warning("accounts.attempts_unavailable", reason=str(error))
            return getattr(_local, name)(*arguments)


attempts = AttemptsCache()
