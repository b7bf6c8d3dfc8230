"""When a subscription is billed: cycles counted from an anchor, as Stripe's page on billing cycles has them.

Moments are Unix seconds, days are those of UTC. Nothing here reads a clock or storage.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DAY_S = 24 * 3600
SECONDS = {"day": DAY_S, "week": 7 * DAY_S}
MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Interval:
    """unit: day, week, month or year. count: >= 1."""

    unit: str
    count: int = 1

    @classmethod
    def of(cls, price: dict[str, Any]) -> "Interval":
        return cls(price["recurring"]["interval"], price["recurring"]["interval_count"])


def advance(anchor: int, interval: Interval, times: int) -> int:
    """The anchor moved by so many intervals (may be negative).

    Always counted from the anchor: after a short month its day returns (31 Jan, 28 Feb, 31 Mar).
    """
    if interval.unit in SECONDS:
        return anchor + SECONDS[interval.unit] * interval.count * times
    return add_months(anchor, MONTHS[interval.unit] * interval.count * times)


def add_months(moment: int, months: int) -> int:
    """The same time of day so many months on; the month's last day where it has no such day."""
    at = datetime.fromtimestamp(moment, UTC)
    year, month0 = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, monthrange(year, month0 + 1)[1])
    return int(at.replace(year=year, month=month0 + 1, day=day).timestamp())


def period_at(anchor: int, interval: Interval, moment: int) -> tuple[int, int]:
    """The cycle [start, end) of the anchor that the moment is in; it may be before the anchor."""
    times = _guess(anchor, interval, moment)
    while advance(anchor, interval, times) > moment:
        times -= 1
    while advance(anchor, interval, times + 1) <= moment:
        times += 1
    return advance(anchor, interval, times), advance(anchor, interval, times + 1)


def first_period(anchor: int, interval: Interval, start: int) -> tuple[int, int]:
    """The first period of a subscription that starts then: up to the next boundary of its anchor."""
    return start, period_at(anchor, interval, start)[1]


def anchor_from_config(config: dict[str, int], now: int) -> int:
    """The first moment from now on that fits day_of_month and, if given, month, hour, minute, second."""
    at = datetime.fromtimestamp(now, UTC)
    time = {name: config.get(name, getattr(at, name)) for name in ("hour", "minute", "second")}
    year, month = at.year, config.get("month", at.month)
    while True:
        day = min(config["day_of_month"], monthrange(year, month)[1])
        found = int(datetime(year, month, day, **time, tzinfo=UTC).timestamp())
        if found >= now:
            return found
        if "month" in config or month == 12:
            year += 1
        if "month" not in config:
            month = month % 12 + 1


def _guess(anchor: int, interval: Interval, moment: int) -> int:
    if interval.unit in SECONDS:
        return (moment - anchor) // (SECONDS[interval.unit] * interval.count)
    first, then = (datetime.fromtimestamp(m, UTC) for m in (anchor, moment))
    months = (then.year - first.year) * 12 + then.month - first.month
    return months // (MONTHS[interval.unit] * interval.count)
