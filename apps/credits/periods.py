"""Periods of budgets and spending caps: days of the calendar, in UTC."""

from datetime import date, datetime

from apps.credits.enums import BudgetPeriod, CapPeriod


def period_start(period: str, day: date) -> date:
    """The first day of the period that the day is in; the day itself without a period."""
    if period in (BudgetPeriod.MONTH, CapPeriod.MONTH):
        return day.replace(day=1)
    if period in (BudgetPeriod.QUARTER, CapPeriod.QUARTER):
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return day


def begins_now(period: str, began: date, now: datetime) -> date | None:
    """The first day of the period that is now, if it is another one than that which began then."""
    if period == BudgetPeriod.NONE:
        return None
    start = period_start(period, now.date())
    return start if start > began else None
