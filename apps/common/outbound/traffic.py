"""What is counted of those that the platform asks: for the console, and a line in the log for each call.

In Redis, of all processes: outbound:{name}:<minute> (a hash: calls by outcome, milliseconds, calls by how
long they took), outbound:peaks:{name} (a sorted set: the most at once in one process, by the minute) and
outbound:names (a sorted set, by when last). Without Redis nothing is counted, and everybody is asked.
"""

import time
from dataclasses import dataclass
from enum import StrEnum

import structlog

from apps.common.outages import REDIS_OUTAGES
from apps.common.redis_client import redis_client

log = structlog.get_logger("wrapper.outbound")

MINUTES = 60
KEEP_S = (MINUTES + 2) * 60
# Hosts that strangers name are among them.
MAX_NAMES, NAMES_KEPT_S = 500, 24 * 3600
# Upper bounds; what took longer than the last is under the next.
BOUNDS_MS = (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
NAMES = "outbound:names"


class Outcome(StrEnum):
    """ANSWERED: with anything below 500. REFUSED: not asked, as too many were asking, or it is away."""

    ANSWERED = "answered"
    FAILED = "failed"
    TIMEOUT = "timeout"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of the last hour. p95_ms: an upper bound of it, None without a call.

    repeated: attempts after the first. peak: the most at once in a process, of so many places.
    """

    name: str
    outcomes: dict[Outcome, int]
    repeated: int
    mean_ms: int | None
    p95_ms: int | None
    peak: int
    places: int

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())


def count(
    name: str,
    outcome: Outcome,
    *,
    took_s: float,
    in_use: int,
    places: int,
    status: int = 0,
    attempt: int = 0,
) -> None:
    """One call, or attempt of it. status: of its answer.

    in_use: calls under way in this process, with it, of so many that may be.
    """
    log.info(
        "outbound",
        upstream=name,
        outcome=str(outcome),
        attempt=attempt,
        **{"http.response.status_code": status, "event.duration": int(took_s * 1e9)},
    )
    took_ms, now = int(took_s * 1000), time.time()
    minute = int(now // 60)
    key, peaks = f"outbound:{{{name}}}:{minute}", f"outbound:peaks:{{{name}}}"
    bound = next((one for one in BOUNDS_MS if took_ms <= one), BOUNDS_MS[-1] * 2)
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.hincrby(key, outcome, 1)
            pipe.hset(key, "places", places)
            if outcome is not Outcome.REFUSED:
                pipe.hincrby(key, "ms", took_ms)
                pipe.hincrby(key, f"le:{bound}", 1)
                pipe.zadd(peaks, {str(minute): in_use}, gt=True)
                pipe.expire(peaks, KEEP_S)
            if attempt:
                pipe.hincrby(key, "repeated", 1)
            pipe.expire(key, KEEP_S)
            pipe.zadd(NAMES, {name: now})
            pipe.zremrangebyrank(NAMES, 0, -MAX_NAMES - 1)
            pipe.execute()
    except REDIS_OUTAGES as error:
        log.warning("outbound.not_counted", upstream=name, reason=str(error))


def names() -> list[str]:
    """Of those that were asked within a day. One round trip; raises redis' errors."""
    found = redis_client().zrangebyscore(NAMES, time.time() - NAMES_KEPT_S, "+inf")
    return sorted(name.decode() for name in found)


def traffic_of(name: str) -> Traffic:
    """One round trip; raises redis' errors."""
    minute = int(time.time() // 60)
    minutes = range(minute - MINUTES + 1, minute + 1)
    with redis_client().pipeline(transaction=False) as pipe:
        pipe.zrange(f"outbound:peaks:{{{name}}}", 0, -1, withscores=True)
        for one in minutes:
            pipe.hgetall(f"outbound:{{{name}}}:{one}")
        peaks, *hashes = pipe.execute()
    sums: dict[str, int] = {}
    places = max((int(found.pop(b"places", 0)) for found in hashes), default=0)
    for found in hashes:
        for part, value in found.items():
            sums[part.decode()] = sums.get(part.decode(), 0) + int(value)
    timed = {int(part[3:]): n for part, n in sums.items() if part.startswith("le:")}
    total = sum(timed.values())
    return Traffic(
        name=name,
        outcomes={one: sums.get(one, 0) for one in Outcome},
        repeated=sums.get("repeated", 0),
        mean_ms=sums.get("ms", 0) // total if total else None,
        p95_ms=_percentile(timed, total, 0.95) if total else None,
        peak=max((int(most) for at, most in peaks if int(at) in minutes), default=0),
        places=places,
    )


def _percentile(timed: dict[int, int], total: int, share: float) -> int:
    """The bound under which that share of the calls ended."""
    below = 0
    for bound in sorted(timed):
        below += timed[bound]
        if below >= share * total:
            break
    return bound
