"""What the gateway remembers of a request that Django answered: enough to answer the same one again.

An entry is good while the stamps in Redis are those from before Django looked at anything: of the host's
tenant, of the person, of the membership, of the tenant's roles and of the signing keys (docs/adr/0020).
Whoever changes any of these makes the stamps others, from before the commit until after it.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Hashable
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.cache import caches
from django.http.request import split_domain_port
from redis.exceptions import ResponseError

from apps.accounts import epochs
from apps.common import redis_line
from apps.common.api.limits import (
    Charge,
    charge_in_workspace,
    charge_of_address,
    requests_of,
)
from apps.common.caching import Names, Namespace
from apps.common.database import app_connection
from apps.common.gate import Notes
from apps.common.origin import origin_of
from apps.common.outages import REDIS_OUTAGES
from apps.common.rate_limits import WINDOW_S, Admission, admission_command, admission_of
from apps.common.tenancy import TenantRef, tenant_context
from apps.common.urls import slug_host
from apps.tenants.caches import HOSTS

MAX_PASSES = 10_000
MAX_REFUSALS = 1_000
MAX_KEPT = 1_000
MAX_KEPT_BYTES = 65_536
# Of a refusal of somebody who is not known.
MAX_AGE_S = 60


class Asked(NamedTuple):
    """All of a request that its answer may depend on, but for what Redis and the database say."""

    host: str
    scheme: str
    path: str
    query: str
    tenant: str
    authorization: str
    accept: str

    @property
    def tenant_host(self) -> str:
        """A host of the tenant's: that of the request, if that chose it."""
        if self.tenant:
            return slug_host(self.tenant)
        return split_domain_port(self.host.lower())[0].rstrip(".")


class Whom(NamedTuple):
    """Whom a request was from, and in which tenant, as far as known: what is looked up in Redis."""

    host: str
    tenant_id: uuid.UUID | None
    person_id: uuid.UUID | None


class Stamps:
    """Those that a request depends on, and that of what a kept page was read from."""

    def __init__(self, whom: Whom, kept_by: Namespace | None = None) -> None:
        host = Names(HOSTS.name, whom.host)
        cache = caches["global"]
        keys = [cache.make_key(key) for key in _epochs_of(whom)]
        page = Names(kept_by.name if kept_by else "", str(whom.tenant_id or ""))
        # Marks first: where there is none (any more), the stamp read next is that of the last commit.
        self._commands: list[tuple[str | int, ...]] = [
            ("ZCARD", host.changing),
            ("ZCARD", page.changing),
            ("MGET", page.stamp, host.stamp, *keys),
        ]
        # For the charge and the window that it was made for.
        self._packed: tuple[Any, Any] = (None, None)
        self._changing = cache._cache._serializer.dumps(epochs.CHANGING)  # type: ignore[attr-defined]

    def read(self, charge: Charge | None = None) -> "Found | None":
        """One round trip, which counts the request too if it has a charge.

        None while Redis is away, or refuses, as it does when it does not know the script of the limits yet.
        """
        made_for = charge, time.time() // WINDOW_S
        packed_for, packed = self._packed
        if packed_for != made_for:
            commands = list(self._commands)
            if charge is not None:
                scope, spends, _policy, caller = charge
                commands.append(admission_command(scope, spends, caller=caller))
            packed = redis_line.pack(commands)
            self._packed = made_for, packed
        try:
            replies = redis_line.ask(packed, len(self._commands) + (charge is not None))
        except REDIS_OUTAGES:
            return None
        if any(isinstance(reply, ResponseError) for reply in replies):
            return None
        host_changing, page_changing, (page, *caller), *counted = replies
        is_limited = charge is not None and charge.spends
        return Found(
            caller,
            not host_changing,
            page,
            bool(page_changing),
            admission_of(charge.spends, counted[0]) if charge and is_limited else None,
        )

    def of_caller(self) -> list[Any] | None:
        """Those of the caller; None while one is being changed, or is not known."""
        found = self.read()
        if found is None or not found.is_host_settled:
            return None
        # The host may have no stamp, which is one like others.
        return None if {None, self._changing} & set(found.caller[1:]) else found.caller


def _epochs_of(whom: Whom) -> list[str]:
    found = [epochs.SIGNING_KEYS]
    if whom.person_id is not None:
        found.append(epochs.of_person(whom.person_id))
    if whom.tenant_id is not None:
        found.append(epochs.of_tenant(whom.tenant_id))
    if whom.person_id is not None and whom.tenant_id is not None:
        found.append(epochs.of_membership(whom.tenant_id, whom.person_id))
    return found


class Found(NamedTuple):
    """caller: the stamps of host, keys, person, tenant, membership.

    is_host_settled: nobody is just changing the host's tenant. page: of the tables that it is read from.
    is_written_to: there is a transaction that has written to one. admission: None where nothing limits
    the caller.
    """

    caller: list[Any]
    is_host_settled: bool
    page: Any
    is_written_to: bool
    admission: Admission | None


class Refusal(NamedTuple):
    """before, after: what of the body stands around the id of the request."""

    code: int
    status: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """caller: the stamps from before Django was asked, none of them being changed.

    context: that of requests in the tenant. refusal: what is answered to who may not; None: a page.
    """

    stamps: Stamps
    keeps_pages: bool
    caller: list[Any]
    good_until_s: float
    headers: list[tuple[str, str]]
    context: Context
    tenant_id: str | None
    person_id: str | None
    notes: Notes
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """stamp: of its tables, from before it was read."""

    body: bytes
    stamp: Any
    good_until_s: float


def context_of(tenant: TenantRef | None) -> Context:
    """In which the app speaks, in the tenant, as a request does; to be copied by who runs something in it."""

    def enter() -> Context:
        caches["global"]  # which would be made anew in each copy
        with app_connection(), tenant_context(tenant):
            return copy_context()

    return Context().run(enter)


def charge_of(known: Pass, meta: dict[str, Any]) -> Charge | None:
    """As Django would count it: what the plan allows is looked up every few seconds. None: it would not."""
    notes = known.notes
    if notes.caller is None:
        return None
    if not notes.caller:
        return charge_of_address(origin_of(meta).address, notes.cost)
    assert notes.tenant is not None  # noqa: S101 - whoever is no address is in one
    requests = requests_of(notes.tenant)
    return charge_in_workspace(notes.tenant.id, notes.caller, requests, notes.cost)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The most recently used, of this process."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._lock = threading.Lock()
        self._found: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            if len(self._found) > self._at_most:
                self._found.popitem(last=False)

    def drop(self, key: K) -> None:
        with self._lock:
            self._found.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()
