"""So many within so much time, for all that counts together in one step, in Redis.

By the generic cell rate algorithm (ITU-T I.371, annex A, virtual scheduling): of each counter one number is
kept, the time at which its whole burst would be free again. What is spent moves it on by an interval for
each unit; it may be ahead by the burst, no further. Nothing is let through because a window begins anew:
within any window at most `at_most + burst` are.

Either all limits of a request are charged, or none. All keys of one step have the scope's hash tag, so that
Redis Cluster has them in one place: limit:{scope}:name:at_most:key, requests:{scope}:<window> and
refusals:{scope}:<day>. The clock is the server's, in microseconds: those of its clients differ.
A limit that changes its number counts anew, so that a better plan helps at once.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from redis.exceptions import NoScriptError

from apps.common.errors import RateLimited
from apps.common.outages import REDIS_OUTAGES

log = structlog.get_logger(__name__)

MICROSECONDS = 1_000_000
# What people are shown of a caller: requests of windows, refusals of days (UTC).
WINDOW_S = 900
DAY_S = 24 * 3600
# Counters that this process keeps while Redis is away.
MAX_LOCAL = 10_000

# KEYS: n counters, and with a caller the hashes of requests and refusals.
# ARGV: n; for each counter its burst and what is spent, in microseconds; with a caller: its name, and for
# how many seconds the two hashes are kept.
# Returns the longest wait and which counter asks for it (0, 0: charged), and of each the room that is left.
SCRIPT = """
local told = redis.call('TIME')
local now = told[1] * 1000000 + told[2]
local n = tonumber(ARGV[1])
local kept = n > 0 and redis.call('MGET', unpack(KEYS, 1, n)) or {}
local free_at, reply, wait = {}, {0, 0}, 0
for i = 1, n do
  local spent = tonumber(ARGV[2 * i + 1])
  free_at[i] = math.max(tonumber(kept[i] or 0), now)
  reply[i + 2] = now + ARGV[2 * i] - free_at[i]
  if spent - reply[i + 2] > wait then
    wait = spent - reply[i + 2]
    reply[1], reply[2] = wait, i
  end
end
local caller = ARGV[2 * n + 2]
if wait > 0 then
  if caller then
    if redis.call('HINCRBY', KEYS[n + 2], caller, 1) == 1 then
      redis.call('EXPIRE', KEYS[n + 2], ARGV[2 * n + 4])
    end
    redis.call('HSET', KEYS[n + 2], caller .. '@', told[1])
  end
  return reply
end
for i = 1, n do
  local spent = tonumber(ARGV[2 * i + 1])
  if spent > 0 then
    local until_free = free_at[i] + spent
    redis.call('SET', KEYS[i], string.format('%.0f', until_free),
      'PX', math.ceil((until_free - now) / 1000))
    reply[i + 2] = reply[i + 2] - spent
  end
end
if caller and redis.call('HINCRBY', KEYS[n + 1], caller, 1) == 1 then
  redis.call('EXPIRE', KEYS[n + 1], ARGV[2 * n + 3])
end
return reply
"""
_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

Command = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """at_most: on the whole, so many in window_s seconds; 0: none. burst: so many at once; 0: at_most.

    name: `app.thing`; what is counted together besides has a key of its own.
    """

    name: str
    at_most: int
    window_s: int
    burst: int = 0
    # Of one unit, in microseconds; rounded up, so that no more than at_most fit.
    interval_us: int = field(init=False)
    burst_us: int = field(init=False)

    def __post_init__(self) -> None:
        if self.at_most < 0 or self.window_s < 1 or self.burst < 0:
            raise ImproperlyConfigured(f"{self.name}: a limit is of positive numbers")
        if not self.burst:
            object.__setattr__(self, "burst", self.at_most)
        interval_us = -(-self.window_s * MICROSECONDS // (self.at_most or 1))
        object.__setattr__(self, "interval_us", interval_us)
        object.__setattr__(self, "burst_us", interval_us * (self.burst if self.at_most else 0))

    def spent_us(self, cost: int) -> int:
        """Something that costs more than the burst takes all of it, rather than being refused for ever."""
        return self.interval_us * (min(cost, self.burst) if self.at_most else cost)

    def consume(self, key: str, cost: int = 1) -> int:
        """Count it; 0, or in how many seconds it is let through. Without Redis, this process counts."""
        spends = [Spend(self, key, cost)]
        try:
            admission = admit(key, spends)
        except REDIS_OUTAGES as error:
            log.warning("rate_limits.unavailable", limit=self.name, reason=str(error))
            admission = admit_locally(key, spends)
        return admission.retry_after_s

    def require(self, key: str, cost: int = 1, detail: str | Promise | None = None) -> None:
        """As consume. Raises RateLimited, by default with words that fit any attempt."""
        if wait_s := self.consume(key, cost):
            raise RateLimited(wait_s, detail)


class Spend(NamedTuple):
    """key: what is counted together. cost: 0 only looks."""

    limit: Limit
    key: str
    cost: int = 1


class Admission(NamedTuple):
    """By the tightest limit: the one that refuses for longest, else that which has the least left.

    remaining: units that can be spent at once. reset_s: until the whole burst is free.
    retry_after_s: 0 where it was let through, and charged.
    """

    limit: Limit
    remaining: int
    reset_s: int
    retry_after_s: int

    @property
    def is_admitted(self) -> bool:
        return self.retry_after_s == 0


def admission_command(scope: str, spends: Sequence[Spend], *, caller: str = "") -> Command:
    """The step as one command, to be sent alone or in a pipeline; its reply is for admission_of.

    scope: of the hash tag: a tenant's id, or what else is counted apart. caller: as whom the request is
    counted for people to see; empty: it is not. Where the server does not know the script, the reply is
    NoScriptError: then send `in_full(command)`, once for each start of the server.
    """
    keys: list[str] = []
    arguments: list[str | int] = [len(spends)]
    for limit, key, cost in spends:
        keys.append(_counter(scope, limit, key))
        arguments += (limit.burst_us, limit.spent_us(cost))
    if caller:
        now_s = int(time.time())
        keys += (_requests(scope, now_s // WINDOW_S), _refusals(scope, now_s // DAY_S))
        arguments += (caller, 2 * WINDOW_S, 2 * DAY_S)
    return ("EVALSHA", _SHA, len(keys), *keys, *arguments)


def in_full(command: Command) -> Command:
    """The same with the script's text, which the server then knows."""
    return ("EVAL", SCRIPT, *command[2:])


def admission_of(spends: Sequence[Spend], reply: Sequence[int]) -> Admission:
    """What the reply to the command of these spends means."""
    wait_us, refuses, *room_us = reply
    lefts = [room // one.limit.interval_us for one, room in zip(spends, room_us, strict=True)]
    at = refuses - 1 if refuses else lefts.index(min(lefts))
    limit = spends[at].limit
    return Admission(
        limit,
        max(0, lefts[at]),
        # Rounded up.
        -(-(limit.burst_us - room_us[at]) // MICROSECONDS),
        -(-wait_us // MICROSECONDS),
    )


def admit(scope: str, spends: Sequence[Spend], *, caller: str = "") -> Admission:
    """Charge all of them, or none. One round trip. Raises redis' ConnectionError, TimeoutError."""
    return admission_of(spends, _execute(admission_command(scope, spends, caller=caller)))


def note(scope: str, caller: str) -> None:
    """Count a request that nothing limits, for people to see. Raises as admit does."""
    _execute(admission_command(scope, (), caller=caller))


def remaining(scope: str, limit: Limit, keys: Sequence[str]) -> dict[str, int]:
    """Of each counter, charging nothing. One round trip. Raises redis' ConnectionError, TimeoutError."""
    if not keys:
        return {}
    _wait, _at, *room_us = _execute(admission_command(scope, [Spend(limit, k, 0) for k in keys]))
    return {key: max(0, room // limit.interval_us) for key, room in zip(keys, room_us, strict=True)}


@dataclass(slots=True)
class Counted:
    """What a caller sent in the present window, and of that of yesterday and today (UTC) what was refused.

    refused_at: of the last, seconds since 1970; 0: none.
    """

    requests: int = 0
    refused: int = 0
    refused_at: int = 0


def window_start_s() -> int:
    """Of the window that requests are counted in now: seconds since 1970."""
    return int(time.time()) // WINDOW_S * WINDOW_S


def counted(scope: str) -> dict[str, Counted]:
    """By caller. One round trip. Raises redis' ConnectionError, TimeoutError."""
    day = int(time.time()) // DAY_S
    with _redis().pipeline(transaction=False) as pipe:
        pipe.hgetall(_requests(scope, window_start_s() // WINDOW_S))
        pipe.hgetall(_refusals(scope, day - 1))
        pipe.hgetall(_refusals(scope, day))
        requests, *refusals = pipe.execute()
    found: dict[str, Counted] = {}
    for name, value in requests.items():
        found.setdefault(name.decode(), Counted()).requests = int(value)
    for one_day in refusals:
        for name, value in one_day.items():
            caller, at, _rest = name.decode().partition("@")
            one = found.setdefault(caller, Counted())
            if at:
                one.refused_at = int(value)
            else:
                one.refused += int(value)
    return found


def _execute(command: Command) -> Sequence[int]:
    client = _redis()
    try:
        return client.execute_command(*command)
    except NoScriptError:
        return client.execute_command(*in_full(command))


def _redis() -> Any:
    """The client of the global cache: its server, with keys of our own."""
    return caches["global"]._cache.get_client()  # type: ignore[attr-defined]


def _counter(scope: str, limit: Limit, key: str) -> str:
    return f"limit:{{{scope}}}:{limit.name}:{limit.at_most}:{key}"


def _requests(scope: str, window: int) -> str:
    return f"requests:{{{scope}}}:{window}"


def _refusals(scope: str, day: int) -> str:
    return f"refusals:{{{scope}}}:{day}"


class _Local:
    """The same step in the memory of this process, for a while without Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at_us: OrderedDict[str, int] = OrderedDict()

    def step(self, scope: str, spends: Sequence[Spend], now_us: int) -> list[int]:
        """The reply of the script."""
        names = [_counter(scope, limit, key) for limit, key, _cost in spends]
        spent = [limit.spent_us(cost) for limit, _key, cost in spends]
        with self._lock:
            free_at = [max(self._free_at_us.get(name, 0), now_us) for name in names]
            room = [
                now_us + one.limit.burst_us - at for one, at in zip(spends, free_at, strict=True)
            ]
            waits = [cost - left for cost, left in zip(spent, room, strict=True)]
            longest = max(waits)
            if longest > 0:
                return [longest, waits.index(longest) + 1, *room]
            for name, at, cost in zip(names, free_at, spent, strict=True):
                self._free_at_us[name] = at + cost
                self._free_at_us.move_to_end(name)
            while len(self._free_at_us) > MAX_LOCAL:
                self._free_at_us.popitem(last=False)
        return [0, 0, *(left - cost for left, cost in zip(room, spent, strict=True))]


_local = _Local()


def admit_locally(scope: str, spends: Sequence[Spend]) -> Admission:
    """While Redis is away: what this process alone has let through. Other processes count for themselves."""
    return admission_of(spends, _local.step(scope, spends, time.monotonic_ns() // 1000))
