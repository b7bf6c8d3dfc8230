"""Notes that may be lost with Redis, kept there at once and written to the database by a task.

For what changes with every request and is not worth a write of each: when something was last used, or how
often. Of each key the latest value counts; of a tally, what it has come to. Keys: notes:{tenant}:name, the
same with :taken while it is being written, and with :sums for a tally.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import ResponseError

from apps.common.outages import REDIS_OUTAGES
from apps.common.redis_client import redis_client
from apps.common.tenancy import require_tenant

log = structlog.get_logger(__name__)

# Tenants with notes that are not written yet.
WAITING = "notes:waiting"
# What belongs to a tenant that was closed or deleted goes by itself.
KEPT_S = 24 * 3600
# Of a tally: keys with a date in them grow for a day, and are written within the next.
SUMS_KEPT_S = 2 * 24 * 3600

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
        self._note(key, value)

    def _note(self, key: str, value: Any, sums: str = "", amount: int = 0) -> None:
        """sums: the hash whose field `key` grows by the amount, if there is one."""
        tenant_id = require_tenant().id
        try:
            with redis_client().pipeline(transaction=False) as pipe:
                if sums:
                    pipe.hincrby(sums, key, amount)
                    pipe.expire(sums, SUMS_KEPT_S)
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
        taken, redis, count = f"{source}:taken", redis_client(), 0
        while True:
            found = redis.hgetall(taken)
            if found:
                self._flush(self._values({key.decode(): one for key, one in found.items()}))
                redis.delete(taken)
                count += len(found)
            try:
                redis.rename(source, taken)
            except ResponseError:  # no such key: nothing was noted since
                return count

    def _values(self, found: Mapping[str, bytes]) -> Mapping[str, Any]:
        return {key: json.loads(value) for key, value in found.items()}

    def _key(self, tenant_id: uuid.UUID) -> str:
        return f"notes:{{{tenant_id}}}:{self.name}"


class Tally(WriteBehind):
    """Counts. `flush` is given what each key has come to, and writes the larger of that and what is there.

    So it bears the same ones twice. A key is good for a day or so: put the date into it. A Redis that forgot
    begins again at nought, and what is written stays until it is passed.
    """

    def add(self, key: str, amount: int = 1) -> None:
        """One round trip; without Redis it is lost."""
        self._note(key, 0, self._sums, amount)

    def _values(self, found: Mapping[str, bytes]) -> Mapping[str, Any]:
        sums = redis_client().hmget(self._sums, list(found))
        return {key: int(value) for key, value in zip(found, sums, strict=True) if value}

    @property
    def _sums(self) -> str:
        return f"{self._key(require_tenant().id)}:sums"


def tenants_waiting() -> list[uuid.UUID]:
    """Those with notes, which are nobody's from now on but the caller's."""
    redis = redis_client()
    found = [uuid.UUID(one.decode()) for one in redis.smembers(WAITING)]
    if found:
        redis.srem(WAITING, *map(str, found))
    return found


def write_all() -> None:
    """Of every kind, in the current tenant."""
    for kind in _declared.values():
        kind.write()
