"""The time that a page is about, as its address says it: the last days, a month, or from a day to a day.

Days are UTC, as usage is counted.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import QueryDict
from django.template.defaultfilters import date as format_date
from django.utils.translation import gettext as _

LAST_DAYS = (7, 30, 90)
MONTHS = 12
MAX_DAYS = 366
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Period:
    """key: what chose it. since, until: both are within. is_cut: more than MAX_DAYS were asked for."""

    key: str
    since: date
    until: date
    is_cut: bool = False

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.since, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.until + timedelta(days=1), time(), UTC)

    @property
    def days(self) -> list[date]:
        return [
            self.since + timedelta(days=number)
            for number in range((self.until - self.since).days + 1)
        ]


def period_of(query: QueryDict, *, default: str = "30") -> Period:
    """By `?range=` (`30`, `2026-11`, `custom`), and `?since=` and `?until=`. What is none is ignored."""
    today = datetime.now(UTC).date()
    key = query.get("range", "")
    since, until = _day(query.get("since", "")), _day(query.get("until", ""))
    if key == CUSTOM and (since or until):
        return _custom(since, until, today)
    if key in dict(period_choices(today)) and key != CUSTOM:
        return _chosen(key, today)
    return _chosen(default, today)


def period_choices(today: date) -> list[tuple[str, str]]:
    """What can be chosen, with what people call it."""
    months = []
    first = today.replace(day=1)
    for _number in range(MONTHS):
        months.append((f"{first:%Y-%m}", format_date(first, "F Y")))
        first = (first - timedelta(days=1)).replace(day=1)
    last = [(str(days), _("Last %d days") % days) for days in LAST_DAYS]
    return [*last, *months, (CUSTOM, _("From … to …"))]


def _chosen(key: str, today: date) -> Period:
    if key.isdecimal():
        return Period(key, today - timedelta(days=int(key) - 1), today)
    first = date.fromisoformat(f"{key}-01")
    end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Period(key, first, min(end, today))


def _custom(since: date | None, until: date | None, today: date) -> Period:
    until = min(until or today, today)
    since = min(since or until - timedelta(days=29), until)
    earliest = until - timedelta(days=MAX_DAYS - 1)
    return Period(CUSTOM, max(since, earliest), until, is_cut=since < earliest)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 9000 else None
