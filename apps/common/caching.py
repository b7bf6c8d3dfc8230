"""Caches of a tenant's data: read through, one loader at a time, never older than the last commit.

A namespace has a stamp for each scope, which is a tenant, or what a shared namespace says. An entry is good
while its stamp is the scope's, so that a new stamp drops the whole namespace. Who loads has read the stamp
first: what was changed meanwhile is kept under a stamp that is good no more.

Who changes the data calls `invalidate` in the same transaction. It makes a new stamp, and from then on until
after the commit the scope has a mark of that writer: nobody takes from the cache or puts into it. A writer
that dies leaves the mark, which is good for CHANGING_S.

All keys of a scope have its hash tag, so that one round trip is enough, in Redis Cluster too:
cache:{scope}:namespace:stamp, :changing, :is:key, :loading:key.
"""

import pickle
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from apps.common.outages import REDIS_OUTAGES
from apps.common.redis_client import redis_client
from apps.common.tenancy import require_tenant

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

# Above the lifetime of every entry: one from before a change does not outlive the stamp that the change made.
STAMP_S = 24 * 3600
NO_STAMP = b"-"
# Longer than a transaction that changes cached data takes.
CHANGING_S = 60
# For so long others wait for one that loads; then they load too.
LOADING_S = 3
POLL_S = 0.01

_namespaces: dict[str, "Namespace"] = {}
_warmers: dict[str, Callable[[], object]] = {}


def scope_of_tenant(tenant_id: uuid.UUID) -> Iterable[str]:
    return [str(tenant_id)]


@dataclass(frozen=True, slots=True)
class Namespace:
    """What is kept together and dropped together. Declared once, at import.

    name: `app.things`. ttl_s: for so long an entry is good at most, also if a Redis that lost its last
    second, or a write past the services, has left an old one. scopes: those in which a shared namespace
    keeps data of a tenant; by default a scope is a tenant. is_strict: without Redis, changes fail rather
    than take effect up to ttl_s later.
    """

    name: str
    ttl_s: int
    scopes: Callable[[uuid.UUID], Iterable[str]] = scope_of_tenant
    is_strict: bool = False
    is_shared: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_shared", self.scopes is not scope_of_tenant)
        if not 0 < self.ttl_s < STAMP_S:
            raise ImproperlyConfigured(f"{self.name}: ttl_s is from 1 to {STAMP_S - 1:,}")
        if _namespaces.setdefault(self.name, self) is not self:
            raise ImproperlyConfigured(f"two caches are named {self.name}")

    def get(self, key: str, load: Callable[[], _T], *, scope: str | None = None) -> _T:
        """What is kept under the key, or what `load` returns, which is kept unless it is None.

        Of many callers at once, in any process, one loads. One round trip when it is there. Without Redis,
        and while the data is being changed, everybody loads.
        """
        if not settings.CACHE_READS:
            return load()
        names = Names(self.name, self._scope(scope), key)
        try:
            state, is_ours = _look(names)
        except REDIS_OUTAGES as error:
            log.warning("cache.unavailable", cache=self.name, reason=str(error))
            return load()
        if is_ours:
            return self._load(names, state, load)
        return state.value if state.is_usable else load()

    def refresh(self, key: str, load: Callable[[], _T], *, scope: str | None = None) -> None:
        """Write-through: invalidate, and keep the new value right after the commit.

        It is loaded again rather than handed over: of two writers, the one that commits last need not be
        the one that comes here last.
        """
        self.invalidate(scope=scope)
        scope = self._scope(scope)
        transaction.on_commit(lambda: self.get(key, load, scope=scope), robust=True)

    def invalidate(self, *, scope: str | None = None) -> None:
        """Drop all of the scope, as of the commit of the transaction that this is called in.

        Nobody is told an old value who asks after the commit. One round trip now, one after the commit.
        Raises redis.exceptions.ConnectionError, TimeoutError if the namespace is strict.
        """
        # Robust: what was committed stays so; the mark expires by itself.
        transaction.on_commit(self.mark(scope=scope), robust=True)

    def mark(self, *, scope: str | None = None) -> Callable[[], None]:
        """The first half of invalidate, for who knows the moment of the commit otherwise. Returns the second.

        Raises as invalidate does.
        """
        names, token = Names(self.name, self._scope(scope)), secrets.token_hex(8)
        now = time.time()
        try:
            with redis_client().pipeline() as pipe:
                pipe.zremrangebyscore(names.changing, "-inf", now)
                pipe.zadd(names.changing, {token: now + CHANGING_S})
                pipe.expire(names.changing, CHANGING_S)
                pipe.set(names.stamp, secrets.token_hex(8), ex=STAMP_S)
                pipe.execute()
        except REDIS_OUTAGES as error:
            if self.is_strict:
                raise
            log.warning("cache.not_invalidated", cache=self.name, reason=str(error))
        return lambda: _changed(names, token)

    def _scope(self, scope: str | None) -> str:
        if scope is None and self.is_shared:
            raise TypeError(f"{self.name} is shared: say which scope")
        return str(require_tenant().id) if scope is None else scope

    def _load(self, names: "Names", state: "_State", load: Callable[[], _T]) -> _T:
        """For the one that has the claim. Raises what `load` does."""
        try:
            if state.is_usable:
                return state.value
            value = load()
            if value is not None and not state.is_changing:
                _quietly(lambda: _keep(names, state, value, self.ttl_s))
            return value
        finally:
            _quietly(lambda: redis_client().delete(names.loading))


@dataclass(frozen=True, slots=True)
class Names:
    """Of the keys in Redis. key: of an entry; empty for the namespace."""

    namespace: str
    scope: str
    key: str = ""

    def _name(self, of: str) -> str:
        return f"cache:{{{self.scope}}}:{self.namespace}:{of}"

    @property
    def stamp(self) -> str:
        return self._name("stamp")

    @property
    def changing(self) -> str:
        return self._name("changing")

    @property
    def entry(self) -> str:
        return self._name(f"is:{self.key}")

    @property
    def loading(self) -> str:
        return self._name(f"loading:{self.key}")


@dataclass(frozen=True, slots=True)
class _State:
    """Of a scope and one entry, at one moment."""

    stamp: bytes
    is_changing: bool
    is_good: bool
    value: Any = None

    @property
    def is_usable(self) -> bool:
        return self.is_good and not self.is_changing


def _read(names: Names) -> _State:
    """One round trip. A scope that nothing was changed in lately has no stamp, which is a stamp like others.

    The marks first: where there is none (any more), the stamp that is read next is that of the last commit.
    """
    with redis_client().pipeline(transaction=False) as pipe:
        pipe.zcount(names.changing, time.time(), "+inf")
        pipe.mget(names.stamp, names.entry)
        changing, (stamp, entry) = pipe.execute()
    stamp = stamp or NO_STAMP
    is_good = entry is not None and entry.startswith(stamp + b":")
    value = pickle.loads(entry[len(stamp) + 1 :]) if is_good else None  # noqa: S301 - our own
    return _State(stamp, bool(changing), is_good, value)


def _look(names: Names) -> tuple[_State, bool]:
    """The entry, and whether the caller is the one to load it. Waits while another does, for LOADING_S."""
    deadline_s = time.monotonic() + LOADING_S
    while True:
        state = _read(names)
        if state.is_usable or state.is_changing or time.monotonic() > deadline_s:
            return state, False
        if _claim(names):
            # Whoever had the claim before may have kept it since we looked.
            return _read(names), True
        time.sleep(POLL_S)


def _claim(names: Names) -> bool:
    """Whether the caller is the one to load, for LOADING_S."""
    return bool(redis_client().set(names.loading, 1, ex=LOADING_S, nx=True))


def _keep(names: Names, state: _State, value: Any, ttl_s: int) -> None:
    redis_client().set(names.entry, state.stamp + b":" + pickle.dumps(value), ex=ttl_s)


def _changed(names: Names, token: str) -> None:
    """First another stamp, then the end of the mark: in between nobody takes from the cache."""
    with redis_client().pipeline() as pipe:
        pipe.set(names.stamp, secrets.token_hex(8), ex=STAMP_S)
        pipe.zrem(names.changing, token)
        pipe.execute()


def _quietly(act: Callable[[], object]) -> None:
    """What was loaded is right, whether or not it can be kept."""
    try:
        act()
    except REDIS_OUTAGES as error:
        log.warning("cache.not_kept", reason=str(error))


def namespaces() -> dict[str, Namespace]:
    """All that are declared, by name."""
    return dict(sorted(_namespaces.items()))


def register_warmer(name: str, warm: Callable[[], object]) -> None:
    """Fill caches of a tenant that has just become ready; called inside the tenant, by a worker."""
    _warmers[name] = warm


def warmers() -> dict[str, Callable[[], object]]:
    return dict(_warmers)
