"""Billing cycles: Stripe's own examples, and properties of any anchor and interval."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.sandbox.stripe.billing_periods import (
    Interval,
    add_months,
    advance,
    anchor_from_config,
    first_period,
    period_at,
)

MONTHLY = Interval("month")
INTERVALS = st.one_of(
    st.builds(Interval, st.just("day"), st.integers(1, 400)),
    st.builds(Interval, st.just("week"), st.integers(1, 60)),
    st.builds(Interval, st.just("month"), st.integers(1, 36)),
    st.builds(Interval, st.just("year"), st.integers(1, 3)),
)
MOMENTS = st.integers(946_684_800, 4_102_444_800)  # 2000 to 2100


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


@pytest.mark.parametrize(
    ("anchor", "interval", "days"),
    [
        # The examples of Stripe's page on billing cycles.
        ("2026-09-02", MONTHLY, ["2026-10-02", "2026-11-02", "2026-12-02", "2027-01-02"]),
        ("2027-01-31", MONTHLY, ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("2028-01-31", MONTHLY, ["2028-02-29", "2028-03-31", "2028-04-30"]),
        ("2022-06-03", Interval("week"), ["2022-06-10", "2022-06-17", "2022-06-24"]),
        ("2026-12-30", Interval("month", 2), ["2027-02-28", "2027-04-30", "2027-06-30"]),
        ("2028-02-29", Interval("year"), ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("2026-12-31", Interval("day", 30), ["2027-01-30", "2027-03-01"]),
        ("2026-11-30", Interval("month", 3), ["2027-02-28", "2027-05-30", "2027-08-30"]),
    ],
)
def test_the_days_of_renewals(anchor: str, interval: Interval, days: list[str]) -> None:
    assert [day(advance(at(anchor), interval, n)) for n in range(1, len(days) + 1)] == days


def test_the_time_of_day_stays_where_clocks_change() -> None:
    before_summer_time = at("2027-03-15T01:30:00")
    assert advance(before_summer_time, MONTHLY, 1) == at("2027-04-15T01:30:00")
    assert add_months(at("2027-10-31T02:30:00"), 4) == at("2028-02-29T02:30:00")


def test_a_first_period_may_be_short() -> None:
    assert first_period(at("2027-02-01"), MONTHLY, at("2027-01-12T10:00:00")) == (
        at("2027-01-12T10:00:00"),
        at("2027-02-01"),
    )
    whole = first_period(at("2027-01-31"), MONTHLY, at("2027-01-31"))
    assert whole == (at("2027-01-31"), at("2027-02-28"))


@pytest.mark.parametrize(
    ("now", "config", "anchor"),
    [
        ("2027-01-15T08:00:00", {"day_of_month": 31}, "2027-01-31T08:00:00"),
        ("2027-02-15T08:00:00", {"day_of_month": 31}, "2027-02-28T08:00:00"),
        ("2027-12-15T08:00:00", {"day_of_month": 1}, "2028-01-01T08:00:00"),
        ("2027-01-15T08:00:00", {"day_of_month": 15, "hour": 7}, "2027-02-15T07:00:00"),
        ("2027-01-15T08:00:00", {"day_of_month": 15}, "2027-01-15T08:00:00"),
        ("2027-05-15T08:00:00", {"day_of_month": 29, "month": 2}, "2028-02-29T08:00:00"),
    ],
)
def test_an_anchor_that_is_given_by_its_parts(
    now: str, config: dict[str, int], anchor: str
) -> None:
    assert anchor_from_config(config, at(now)) == at(anchor)


@given(MOMENTS, INTERVALS, MOMENTS)
def test_a_moment_is_in_its_period(anchor: int, interval: Interval, moment: int) -> None:
    start, end = period_at(anchor, interval, moment)
    assert start <= moment < end


@given(MOMENTS, INTERVALS, st.integers(-50, 50))
def test_periods_meet_and_never_overlap(anchor: int, interval: Interval, times: int) -> None:
    start, end = advance(anchor, interval, times), advance(anchor, interval, times + 1)
    assert start < end
    assert period_at(anchor, interval, start) == (start, end)
    assert period_at(anchor, interval, end - 1) == (start, end)
    assert period_at(anchor, interval, end)[0] == end


@given(MOMENTS, st.integers(-300, 300))
def test_months_keep_the_day_or_end_the_month(moment: int, months: int) -> None:
    old = datetime.fromtimestamp(moment, UTC)
    new = datetime.fromtimestamp(add_months(moment, months), UTC)
    assert (new.year - old.year) * 12 + new.month - old.month == months
    assert new.time() == old.time()
    if new.day != old.day:
        assert datetime.fromtimestamp(new.timestamp() + 86_400, UTC).day == 1
