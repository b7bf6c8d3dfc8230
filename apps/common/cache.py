"""The cache backend, and keys that cannot cross tenants."""

from functools import cached_property
from typing import Any

from django.core.cache.backends import redis

from apps.common.tenancy import require_tenant


class _Client(redis.RedisCacheClient):
    """Django's makes a client for each command, which costs more than the command itself."""

    @cached_property
    def _one(self) -> Any:
        return self._client(connection_pool=self._get_connection_pool(write=True))  # type: ignore[attr-defined]

    def get_client(self, key: object = None, *, write: bool = False) -> Any:
        return self._one


class RedisCache(redis.RedisCache):
    """On one server (LOCATION is one address)."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Key of the default cache: always the tenant's. Raises NoTenant outside one.

    What belongs to no tenant goes to the cache `global`, by name.
    """
    return f"tenant:{require_tenant().id}:{key_prefix}:{version}:{key}"
