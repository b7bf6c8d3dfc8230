"""Live updates: what open pages are told of at once, beside what the database says, and may be lost.

One stream in Redis, which the processes of `manage.py realtime` read and pass on to browsers. Nothing that
matters hangs on it: a page that was told nothing shows at its next load what is so. Data holds no secrets
and little else, for a page fetches what it shows by itself, and is judged again there (docs/realtime.md).
"""

import re
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

STREAM = "live"
# What a reader keeps, and for how long; the stream needs no more.
KEEP_ENTRIES, KEEP_S = 10_000, 300
MAX_DATA_BYTES = 2048
# Nobody waits for a Redis that does not answer: nothing is told then for a while.
TIMEOUT_S, SILENCE_S = 0.5, 5.0
NAME = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")
# Keys of `_told_at`: forgotten together, when there are more.
MAX_REMEMBERED = 10_000
# The one kind that is no message: judge again who listens.
JUDGE = "realtime.judge"


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """What several people of a tenant may hear of: those who hold the permission somewhere in it.

    name: `app.things`. permission: None for every member.
    """

    name: str
    permission: str | None


_topics: dict[str, LiveTopic] = {}


def live_topic(name: str, *, permission: str | None) -> LiveTopic:
    """Declare a topic, at import of an app's `live.py`. Raises ImproperlyConfigured."""
    if not NAME.fullmatch(name):
        raise ImproperlyConfigured(f"{name!r} is no name of a topic: app.things")
    topic = LiveTopic(name, permission)
    if _topics.setdefault(name, topic) != topic:
        raise ImproperlyConfigured(f"two topics are named {name}")
    return topic


def live_topics() -> tuple[LiveTopic, ...]:
    """All that are declared, by name."""
    return tuple(_topics[name] for name in sorted(_topics))


def audience_of(to: uuid.UUID | LiveTopic) -> str:
    """How the stream and its readers write whom a message is for."""
    return f"topic:{to.name}" if isinstance(to, LiveTopic) else f"person:{to}"


class _Silence:
    """Since when, and how often, this process could not tell."""

    def __init__(self) -> None:
        self.until_s = 0.0
        self.lost = 0


_silence = _Silence()
_told_at: dict[tuple[str, str, str], float] = {}
_told_lock = threading.Lock()


def tell(
    *,
    tenant_id: uuid.UUID | None,
    to: uuid.UUID | LiveTopic,
    kind: str | None = None,
    data: Mapping[str, object] | None = None,
    at_most_every_s: float = 0,
) -> None:
    """Tell the open pages of a person, or of all who may hear of a topic, in a tenant.

    tenant_id: None for a person's pages on the public host. kind: what pages listen for, `app.things`; a
    topic's name unless given. data: of JSON, MAX_DATA_BYTES at most. at_most_every_s: for what changes often
    and says only that it changed: what comes sooner is left out, and listeners are told once more at the end
    of that time. One round trip to Redis; without it nothing is told, and nothing raised. Raises ValueError
    for a message that breaks these rules.
    """
    kind = kind or (to.name if isinstance(to, LiveTopic) else "")
    payload = orjson.dumps(data or {})
    if not NAME.fullmatch(kind) or len(payload) > MAX_DATA_BYTES:
        raise ValueError(f"cannot be told: {kind!r} with {len(payload)} bytes")
    tenant, audience = str(tenant_id or ""), audience_of(to)
    if at_most_every_s and not _is_due((tenant, audience, kind), at_most_every_s):
        return
    fields: dict[str, str | bytes] = {
        "tenant": tenant,
        "to": audience,
        "kind": kind,
        "data": payload,
    }
    if at_most_every_s:
        fields["again_ms"] = str(int(at_most_every_s * 1000))
    _add(fields)


def tell_on_commit(
    *,
    tenant_id: uuid.UUID | None,
    to: uuid.UUID | LiveTopic,
    kind: str | None = None,
    data: Mapping[str, object] | None = None,
    at_most_every_s: float = 0,
) -> None:
    """As `tell`, when the transaction of the moment is committed; at once outside of one."""
    act = partial(
        tell, tenant_id=tenant_id, to=to, kind=kind, data=data, at_most_every_s=at_most_every_s
    )
    transaction.on_commit(act, robust=True)


def tell_people(*, tenant_id: uuid.UUID, person_ids: Sequence[uuid.UUID], kind: str) -> None:
    """As `tell`, each of many people the same, without data. One round trip for all of them."""
    if not NAME.fullmatch(kind):
        raise ValueError(f"cannot be told: {kind!r}")
    of_all: dict[str, str | bytes] = {"tenant": str(tenant_id), "kind": kind, "data": b"{}"}
    _add(*({**of_all, "to": audience_of(one)} for one in person_ids))


def judge_again(*, tenant_id: uuid.UUID | None = None, person_id: uuid.UUID | None = None) -> None:
    """Have it decided now, rather than within a minute, whether these still may listen.

    Of the tenant, of the person, or of the person in the tenant.
    """
    to = audience_of(person_id) if person_id else ""
    _add({"tenant": str(tenant_id or ""), "to": to, "kind": JUDGE, "data": b"{}"})


@cache
def _redis() -> Redis:
    """A client of its own: the caches' waits longer than a live update is worth."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def _is_due(key: tuple[str, str, str], every_s: float) -> bool:
    now = time.monotonic()
    with _told_lock:
        if now - _told_at.get(key, -every_s) < every_s:
            return False
        if len(_told_at) >= MAX_REMEMBERED:
            _told_at.clear()
        _told_at[key] = now
        return True


def _add(*messages: dict[str, str | bytes]) -> None:
    if time.monotonic() < _silence.until_s:
        _silence.lost += len(messages)
        return
    try:
        with _redis().pipeline(transaction=False) as pipe:
            for fields in messages:
                pipe.xadd(STREAM, fields, maxlen=KEEP_ENTRIES, approximate=True)  # type: ignore[arg-type]
            pipe.execute()
    except RedisError as error:  # away, or full: whatever it says, it is not told
        _silence.until_s = time.monotonic() + SILENCE_S
        _silence.lost += len(messages)
        log.warning(
            "live.not_told", kind=messages[0]["kind"], lost=_silence.lost, reason=str(error)
        )
