"""When a member is reached: the end of quiet hours, and the next digest, by the clocks of their time zone.

Clocks are put forward and back. A time that they skip is the moment at which they go on; of one that they
show twice, quiet hours begin at the first and end at the last, and a digest goes out at the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from apps.notifications.enums import DigestPeriod

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """What a member chose, as in a Timing, in their zone. quiet_from, quiet_until: both, or none."""

    zone: str
    digest: str = DigestPeriod.NEVER
    hour: int = 8
    weekday: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None


def moment(day: date, at: time, zone: ZoneInfo, *, is_last: bool = False) -> datetime:
    """When the clocks of a zone show it (UTC); is_last: where they do so twice, the second time."""
    local = datetime.combine(day, at, tzinfo=zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if is_last else first
    return _skipped_until(second, first, zone)


def _skipped_until(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks were put forward between two moments; to the second, as zones change."""
    offset = before.astimezone(zone).utcoffset()
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def quiet_end(hours: Hours, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` is in (UTC); None outside of them."""
    if hours.quiet_from is None or hours.quiet_until is None:
        return None
    if hours.quiet_from == hours.quiet_until:
        return None
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    last_day = DAY if hours.quiet_until < hours.quiet_from else timedelta(0)
    end = now
    for day in (today - DAY, today, today + DAY):
        begins = moment(day, hours.quiet_from, zone)
        ends = moment(day + last_day, hours.quiet_until, zone, is_last=True)
        if begins <= end < ends:
            end = ends
    return end if end > now else None


def digest_at(hours: Hours, now: datetime) -> datetime | None:
    """When the digest goes out that takes what comes now (UTC), not in quiet hours; None: there is none."""
    if hours.digest == DigestPeriod.NEVER:
        return None
    at = _next_hour(hours, now) if hours.digest == DigestPeriod.HOURLY else _next_day(hours, now)
    return quiet_end(hours, at) or at


def _next_hour(hours: Hours, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(hours.zone))
    passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now.astimezone(UTC) - passed + timedelta(hours=1)


def _next_day(hours: Hours, now: datetime) -> datetime:
    zone = ZoneInfo(hours.zone)
    day = now.astimezone(zone).date()
    step = DAY
    if hours.digest == DigestPeriod.WEEKLY:
        day += timedelta(days=(hours.weekday - day.weekday()) % 7)
        step = timedelta(days=7)
    while (at := moment(day, time(hours.hour), zone)) <= now:
        day += step
    return at


@dataclass(frozen=True, slots=True)
class Clock:
    """The answers at one moment, each worked out once for all who chose the same."""

    quiet_end: Callable[[Hours], datetime | None]
    digest_at: Callable[[Hours], datetime | None]

    @classmethod
    def at(cls, now: datetime) -> "Clock":
        def remembered(
            answer: Callable[[Hours, datetime], datetime | None],
        ) -> Callable[[Hours], Any]:
            return cache(lambda hours: answer(hours, now))

        return cls(remembered(quiet_end), remembered(digest_at))
