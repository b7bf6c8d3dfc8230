"""The client of the caches' Redis server, for keys of our own: scripts, pipelines, sorted sets."""

from typing import Any

from django.core.cache import caches


def redis_client() -> Any:
    """Of the global cache. Every call raises redis' errors; most callers bear `outages.REDIS_OUTAGES`."""
    return caches["global"]._cache.get_client()  # type: ignore[attr-defined]
