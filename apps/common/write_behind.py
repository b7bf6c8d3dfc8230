"""Notes that may be lost with Redis, kept there at once and written to the database by a task.

For what changes with every request and is not worth a write of each: when something was last used. Of each
key the latest value counts. Keys: notes:{tenant}:name, the same with :taken while it is being written.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import ResponseError

from apps.common.outages import REDIS_OUTAGES
from apps.common.tenancy import require_tenant

log = structlog.get_logger(__name__)

# Tenants with notes that are not written yet.
WAITING = "notes:waiting"
# What belongs to a tenant that was closed or deleted goes by itself.
KEPT_S = 24 * 3600

_declared: dict[str, "WriteBehind"] = {}


class WriteBehind:
    """name: `app.things`. flush: writes notes by key, in the tenant; it bears getting the same ones twice."""

    def __init__(self, name: str, flush: Callable[[Mapping[str, Any]], None]) -> None:
        if name in _declared:
            raise ImproperlyConfigured(f"two kinds of notes are named {name}")
        self.name, self._flush = name, flush
        _declared[name] = self

    def note(self, key: str, value: Any) -> None:
        """value: of JSON. One round trip; without Redis the note is lost."""
        tenant_id = require_tenant().id
        try:
            with _redis().pipeline(transaction=False) as pipe:
                pipe.hset(self._key(tenant_id), key, json.dumps(value))
                pipe.expire(self._key(tenant_id), KEPT_S)
                pipe.sadd(WAITING, str(tenant_id))
                pipe.execute()
        except REDIS_OUTAGES as error:
            log.warning("notes.lost", notes=self.name, reason=str(error))

    def write(self) -> int:
        """Hand over what was noted in the current tenant; returns how many.

        First what another worker took and did not finish with.
        """
        source = self._key(require_tenant().id)
        taken, redis, count = f"{source}:taken", _redis(), 0
        while True:
            found = redis.hgetall(taken)
            if found:
                self._flush({key.decode(): json.loads(value) for key, value in found.items()})
                redis.delete(taken)
                count += len(found)
            try:
                redis.rename(source, taken)
            except ResponseError:  # no such key: nothing was noted since
                return count

    def _key(self, tenant_id: uuid.UUID) -> str:
        return f"notes:{{{tenant_id}}}:{self.name}"


def _redis() -> Any:
    return caches["global"]._cache.get_client()  # type: ignore[attr-defined]


def tenants_waiting() -> list[uuid.UUID]:
    """Those with notes, which are nobody's from now on but the caller's."""
    redis = _redis()
    found = [uuid.UUID(one.decode()) for one in redis.smembers(WAITING)]
    if found:
        redis.srem(WAITING, *map(str, found))
    return found


def write_all() -> None:
    """Of every kind, in the current tenant."""
    for kind in _declared.values():
        kind.write()
