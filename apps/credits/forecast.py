"""How long credits last, if they are used as lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

# Whole days that are looked at, and how many there have to be since the first use.
WINDOW_DAYS = 14
LEAST_DAYS = 3
# Beyond this it is no forecast.
HORIZON_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Forecast:
    """daily_microcredits: used on an average day. days_left: whole days; None: not to be told.

    ends_on: the day on which the balance is used up.
    """

    daily_microcredits: int
    days_left: int | None = None
    ends_on: date | None = None


def forecast(
    balance: int, used_by_day: Mapping[date, int], *, today: date | None = None
) -> Forecast:
    """balance: microcredits. used_by_day: microcredits by the day (UTC); days without use may be missing.

    The average is over the whole days before today, WINDOW_DAYS at most, from the first one with use on; of
    fewer than LEAST_DAYS nothing is said. What expires meanwhile is not looked at.
    """
    today = today or datetime.now(UTC).date()
    days = [today - timedelta(days=number) for number in range(WINDOW_DAYS, 0, -1)]
    used = [max(0, used_by_day.get(day, 0)) for day in days]
    first = next((place for place, amount in enumerate(used) if amount), WINDOW_DAYS)
    counted = used[first:]
    if len(counted) < LEAST_DAYS:
        return Forecast(0)
    daily = sum(counted) // len(counted)
    if daily == 0 or balance > daily * HORIZON_DAYS:
        return Forecast(daily)
    days_left = max(0, balance) // daily
    return Forecast(daily, days_left, today + timedelta(days=days_left))
