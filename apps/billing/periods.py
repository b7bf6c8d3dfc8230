"""When a period of what is metered begins."""

from calendar import monthrange
from datetime import UTC, datetime

from apps.common.entitlements import Period


def period_start(period: Period | None, now: datetime, anchor: datetime | None) -> datetime:
    """The first moment of the period that `now` is in (UTC).

    A billing period begins on the day of the anchor, in months that lack it on their last; without an anchor
    it is the calendar's month.
    """
    now = now.astimezone(UTC)
    if period is not Period.BILLING or anchor is None:
        return datetime(now.year, now.month, 1, tzinfo=UTC)
    anchor = anchor.astimezone(UTC)
    this = _in_month(anchor, now.year, now.month)
    if this <= now:
        return this
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    return _in_month(anchor, year, month)


def month_of(now: datetime, anchor: datetime) -> tuple[datetime, datetime]:
    """First moment, and end, of the month from the anchor's day on that `now` is in."""
    begins = period_start(Period.BILLING, now, anchor)
    year, month = (begins.year, begins.month + 1) if begins.month < 12 else (begins.year + 1, 1)
    return begins, _in_month(anchor.astimezone(UTC), year, month)


def _in_month(anchor: datetime, year: int, month: int) -> datetime:
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))
