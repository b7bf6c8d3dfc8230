"""What was refused, recorded at once: a request without the right, a sign-in that failed, a credential.

There is no event to record later, as nothing changed. So that nobody fills the disk by being refused, it is
thinned: of the same kind, actor and address in a minute the 1st, 10th, 100th, ... is written, with the count;
and of all that would be written to one chain, PER_MINUTE at most, then again the powers of ten.
"""

import hashlib
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.core.cache import caches
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from apps.audit.actions import REFUSALS_THINNED
from apps.audit.chains import chain_of
from apps.audit.describing import plain
from apps.common import redis_line
from apps.common.actors import ActorKind
from apps.common.database import system_connection
from apps.common.origin import current_origin
from apps.common.outages import REDIS_OUTAGES
from apps.common.proofs import Impersonator
from apps.common.tenancy import TenantRef, tenant_context
from apps.trail.chains import PLATFORM_CHAIN, Chain, NewEntry, entries_append

log = structlog.get_logger(__name__)

ANONYMOUS = "anonymous"
PER_MINUTE = 30
# Whoever is refused waits no longer for somebody else who writes to the chain.
LOCK_TIMEOUT = "1s"
MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """tenant: in which it was tried; None: in none. data: texts."""

    action: str
    tenant: TenantRef | None
    kind: ActorKind = ActorKind.PERSON
    label: str = ANONYMOUS
    person_id: uuid.UUID | None = None
    data: dict[str, str] = field(default_factory=dict)
    impersonator: Impersonator | None = None


def refusal_record(refusal: Refusal) -> bool:
    """Write an entry in a transaction of its own, or count it; returns whether one was written.

    Two statements. Where Redis or the chain is not to be had, it is in the process's log only: the answer to
    the request is the same.
    """
    origin = current_origin()
    chain_key = str(refusal.tenant.id) if refusal.tenant else "platform"
    try:
        times = _count(f"{chain_key}:{refusal.action}:{refusal.label}:{origin.address}")
        if not _is_power_of_ten(times):
            return False
        written = _count(chain_key)
    except REDIS_OUTAGES:
        log.exception("audit.refusal_not_recorded", action=refusal.action)
        return False
    if written > PER_MINUTE:
        if not _is_power_of_ten(written):
            return False
        refusal = Refusal(REFUSALS_THINNED, refusal.tenant, ActorKind.SYSTEM, "system:audit")
        times = written
    try:
        _write(refusal, times)
    except OperationalError:
        log.exception("audit.refusal_not_recorded", action=refusal.action)
        return False
    return True


def _write(refusal: Refusal, times: int) -> None:
    origin = current_origin()
    data: dict[str, Any] = {name: plain(text)[:MAX_CHARS] for name, text in refusal.data.items()}
    what: dict[str, Any] = {"data": {**data, "times": times}, "before": {}, "after": {}}
    if (who := refusal.impersonator) is not None:
        what["impersonator"] = {"id": str(who.person_id), "label": who.label}
    entry = NewEntry(
        occurred_at=timezone.now(),
        action=refusal.action,
        actor_kind=refusal.kind,
        actor_label=plain(refusal.label)[:MAX_CHARS],
        actor_id=refusal.person_id,
        address=origin.address,
        agent=origin.agent,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id") or "")[:128],
        target_type="request",
        targets=(),
        what=what,
    )
    if refusal.tenant is None:
        with tenant_context(None), system_connection():
            _append(PLATFORM_CHAIN, entry)
    else:
        with tenant_context(refusal.tenant):
            _append(chain_of(refusal.tenant), entry)


def _append(chain: Chain, entry: NewEntry) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        entries_append(chain, [entry])


def _count(what: str) -> int:
    """How many there were in this minute, with this one."""
    minute = int(time.time() // 60)
    name = f"audit:refused:{hashlib.sha256(what.encode()).hexdigest()[:32]}:{minute}"
    key = caches["global"].make_key(name)
    counting = redis_line.pack([("INCR", key), ("EXPIRE", key, 120)])
    try:
        times, kept = redis_line.ask(counting, 2)
    except RedisConnectionError:
        # The server ended a connection that was idle. Counted twice at worst, if only the reply was lost.
        times, kept = redis_line.ask(counting, 2)
    for reply in (times, kept):
        if isinstance(reply, ResponseError):
            raise reply
    return int(times)


def _is_power_of_ten(number: int) -> bool:
    return number == 10 ** (len(str(number)) - 1)
