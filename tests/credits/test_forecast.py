"""How long credits last; and how they are written."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from apps.credits.amounts import credits_format, microcredits_of
from apps.credits.forecast import Forecast, forecast

TODAY = date(2026, 6, 15)


def used(*amounts: int) -> dict[date, int]:
    """Of the days before today, the last one last."""
    days = len(amounts)
    return {TODAY - timedelta(days=days - place): one for place, one in enumerate(amounts)}


def test_the_average_of_a_fortnight() -> None:
    found = forecast(1400, used(*[70, 130] * 7), today=TODAY)
    assert found == Forecast(100, 14, date(2026, 6, 29))
    # What was before, and today so far, do not count.
    more = used(*[999], *[70, 130] * 7) | {TODAY: 5000}
    assert forecast(1400, more, today=TODAY) == found


def test_from_the_first_use_on() -> None:
    assert forecast(300, used(60, 0, 30), today=TODAY) == Forecast(30, 10, date(2026, 6, 25))
    assert forecast(300, used(100, 100), today=TODAY) == Forecast(0)
    assert forecast(300, {}, today=TODAY) == Forecast(0)


def test_the_edges() -> None:
    week = used(*[10] * 7)
    assert forecast(0, week, today=TODAY) == Forecast(10, 0, TODAY)
    assert forecast(9, week, today=TODAY).days_left == 0
    assert forecast(10 * 3650, week, today=TODAY).days_left == 3650
    assert forecast(10 * 3650 + 1, week, today=TODAY) == Forecast(10)
    # Refunds do not make the future longer than no use at all.
    assert forecast(100, used(30, -60, 30), today=TODAY) == Forecast(20, 5, date(2026, 6, 20))


@pytest.mark.parametrize(
    ("amount", "locale", "text"),
    [
        (0, "en", "0"),
        (1, "en", "0.000001"),
        (1_234_500_000, "en", "1,234.5"),
        (1_234_500_000, "de", "1.234,5"),
        (-2_000_000, "en", "−2"),
        (10**15, "en", "1,000,000,000"),
    ],
)
def test_credits_are_written_exactly(amount: int, locale: str, text: str) -> None:
    assert credits_format(amount, locale=locale) == text


def test_signs_and_back() -> None:
    assert credits_format(5, signed=True) == "+0.000005"
    assert credits_format(0, signed=True) == "0"
    assert microcredits_of(Decimal("1.5")) == 1_500_000
    with pytest.raises(ValueError, match="parts"):
        microcredits_of(Decimal("0.0000001"))
