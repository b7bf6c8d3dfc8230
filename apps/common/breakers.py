"""Circuit breakers: who is away is not asked again and again. Their state is in Redis, one for all processes.

Closed: everybody asks. So many failures within some seconds open it: nobody asks for a while. Then one, and
one only, may probe; an answer closes it, a failure opens it again (M. Nygard, Release It!, 2nd edition, 5.2).

Without Redis there is no breaker, and everybody asks.

Keys: breaker:{name}:state, :failures (times of failures, while closed) and :<minute> (counts of an hour).
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import structlog

from apps.common.outages import REDIS_OUTAGES
from apps.common.redis_client import redis_client

log = structlog.get_logger(__name__)

State = Literal["closed", "open", "half_open"]
MINUTES = 60
ERROR_CHARS = 500

# The server's clock counts: those of its clients differ. Times are in milliseconds.
_NOW = """
local told = redis.call('TIME')
local now = told[1] * 1000 + math.floor(told[2] / 1000)
local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until'))
"""
# Whether to ask: 'closed', 'probe', or for how many milliseconds not to. ARGV: token, lease of a probe.
_ENTER = """
if not open_until then return 'closed' end
if open_until > now then return open_until - now end
local probe_until = tonumber(redis.call('HGET', KEYS[1], 'probe_until') or 0)
if probe_until > now then return probe_until - now end
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'probe_until', now + ARGV[2])
return 'probe'
"""
# ARGV: token. Returns whether that closed it.
_SUCCEED = """
redis.call('HINCRBY', KEYS[3], 'succeeded', 1)
redis.call('EXPIRE', KEYS[3], ARGV[2])
if not open_until or redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'open_until', 'probe', 'probe_until')
redis.call('DEL', KEYS[2])
return 1
"""
# ARGV: token, keep_s, error, failures, window, open, keep_s of the state. Returns whether that opened it.
_FAIL = """
redis.call('HINCRBY', KEYS[3], 'failed', 1)
redis.call('EXPIRE', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[1], 'error', ARGV[3], 'error_at', now)
redis.call('EXPIRE', KEYS[1], ARGV[7])
if open_until then
  if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
else
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  if redis.call('ZCARD', KEYS[2]) < tonumber(ARGV[4]) then return 0 end
end
redis.call('HSET', KEYS[1], 'open_until', now + ARGV[6])
redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
return 1
"""
# ARGV: token. Of a probe that found nothing out.
_LEAVE = """
if redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
end
return 0
"""


class SaysNothing(Exception):
    """Mixin of errors that say nothing about who was asked, whatever else they are: nobody asked."""


class CircuitOpen(Exception):
    """It was not asked: it failed too often of late. retry_after_s: when it may be asked again."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        self.name, self.retry_after_s = name, retry_after_s
        super().__init__(f"{name} failed too often of late; asked again in {retry_after_s:.0f} s")


@dataclass(frozen=True, slots=True)
class Status:
    """error_at: None where nothing has failed. succeeded, failed: in the last hour."""

    state: State
    open_until: datetime | None
    error: str
    error_at: datetime | None
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Breaker:
    """name: of what is asked, such as `email.mailgun`. failures: so many within window_s open it.

    open_s: for how long. probe_s: when a probe that never came back is given up; longer than a call may take.
    """

    name: str
    failures: int = 5
    window_s: float = 30
    open_s: float = 30
    probe_s: float = 60

    @contextmanager
    def attempt(
        self,
        *,
        failures: tuple[type[Exception], ...],
        answers: tuple[type[Exception], ...] = (),
    ) -> Iterator[None]:
        """Around one call. failures: errors that say it is away; answers: those that it answered with.

        What else is raised, or is SaysNothing, says nothing about it. Two round trips to Redis. Raises
        CircuitOpen.
        """
        token = uuid.uuid4().hex
        self._enter(token)
        try:
            yield
        except SaysNothing:
            self._run(_LEAVE, token)
            raise
        except failures as error:
            self._fail(token, error)
            raise
        except answers:
            self._succeed(token)
            raise
        except BaseException:
            self._run(_LEAVE, token)
            raise
        self._succeed(token)

    def reset(self) -> None:
        """Close it, whatever was before; the counts stay."""
        redis_client().delete(self._key("state"), self._key("failures"))

    def status(self) -> Status:
        """For people. One round trip; raises redis' errors."""
        minute = int(time.time() // 60)
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.hgetall(self._key("state"))
            for one in range(minute - MINUTES + 1, minute + 1):
                pipe.hmget(self._key(str(one)), "succeeded", "failed")
            (seconds, micros), found, *counts = pipe.execute()
        kept = {name.decode(): value.decode() for name, value in found.items()}
        open_until = _moment(kept.get("open_until"))
        now = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
        state: State = "closed"
        if open_until is not None:
            state = "open" if open_until > now else "half_open"
        return Status(
            state=state,
            open_until=open_until,
            error=kept.get("error", ""),
            error_at=_moment(kept.get("error_at")),
            succeeded=sum(int(one or 0) for one, _failed in counts),
            failed=sum(int(one or 0) for _succeeded, one in counts),
        )

    def _enter(self, token: str) -> None:
        answer = self._run(_ENTER, token, int(self.probe_s * 1000))
        if isinstance(answer, int):
            raise CircuitOpen(self.name, answer / 1000)

    def _succeed(self, token: str) -> None:
        if self._run(_SUCCEED, token, _KEEP_S):
            log.info("breaker.closed", breaker=self.name)

    def _fail(self, token: str, error: Exception) -> None:
        limits = (self.failures, int(self.window_s * 1000), int(self.open_s * 1000), _KEEP_STATE_S)
        if self._run(_FAIL, token, _KEEP_S, str(error)[:ERROR_CHARS], *limits):
            log.warning("breaker.opened", breaker=self.name, open_s=self.open_s, error=str(error))

    def _run(self, script: str, *arguments: str | int) -> Any:
        """None without Redis."""
        keys = [self._key("state"), self._key("failures"), self._key(str(int(time.time() // 60)))]
        try:
            return redis_client().eval(_NOW + script, len(keys), *keys, *arguments)
        except REDIS_OUTAGES as error:
            log.warning("breaker.unknown", breaker=self.name, reason=str(error))
            return None

    def _key(self, part: str) -> str:
        return f"breaker:{{{self.name}}}:{part}"


def open_among(names: Sequence[str]) -> frozenset[str]:
    """Those that nobody may ask now. One round trip; none without Redis, where everybody asks."""
    if not names:
        return frozenset()
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.time()
            for name in names:
                pipe.hget(Breaker(name)._key("state"), "open_until")
            (seconds, micros), *until = pipe.execute()
    except REDIS_OUTAGES as error:
        log.warning("breaker.unknown", breaker=",".join(names), reason=str(error))
        return frozenset()
    now_ms = seconds * 1000 + micros // 1000
    return frozenset(name for name, at in zip(names, until, strict=True) if at and int(at) > now_ms)


_KEEP_S = (MINUTES + 2) * 60
# The last error is shown for so long.
_KEEP_STATE_S = 7 * 24 * 3600


def _moment(text: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text else None
