"""Quiet hours and digests by the clocks of a zone, which are put forward and back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.notifications.hours import Hours, digest_at, moment, quiet_end

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
# A zone, the day on which its clocks are put forward, and back, and the hour that they skip or repeat.
CHANGES = [
    (BERLIN, date(2026, 3, 29), date(2026, 10, 25), (2, 2)),
    (NEW_YORK, date(2026, 3, 8), date(2026, 11, 1), (2, 1)),
]
ZONES = [BERLIN, NEW_YORK, "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
times = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quiet(zone: str, begins: str, ends: str) -> Hours:
    return Hours(zone, quiet_from=time.fromisoformat(begins), quiet_until=time.fromisoformat(ends))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-01T19:59", None),
        ("2026-07-01T20:00", "2026-07-02T05:00"),
        ("2026-07-02T04:59:59", "2026-07-02T05:00"),
        ("2026-07-02T05:00", None),
        # The night is an hour shorter, then an hour longer.
        ("2026-03-28T21:30", "2026-03-29T05:00"),
        ("2026-10-24T20:30", "2026-10-25T06:00"),
    ],
)
def test_over_midnight(now: str, expected: str | None) -> None:
    hours = quiet(BERLIN, "22:00", "07:00")
    assert quiet_end(hours, utc(now)) == (utc(expected) if expected else None)


def test_within_a_day_and_never() -> None:
    hours = quiet("UTC", "12:00", "13:00")
    assert quiet_end(hours, utc("2026-07-01T12:30")) == utc("2026-07-01T13:00")
    assert quiet_end(hours, utc("2026-07-01T13:30")) is None
    assert quiet_end(quiet("UTC", "12:00", "12:00"), utc("2026-07-01T12:00")) is None
    assert quiet_end(Hours("UTC"), utc("2026-07-01T12:00")) is None


@pytest.mark.parametrize(
    ("begins", "ends", "now", "expected"),
    [
        # 2:30 is skipped: it is 3:00.
        ("22:00", "02:30", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("22:00", "02:30", "2026-03-29T01:00", None),
        ("02:30", "03:10", "2026-03-29T01:00", "2026-03-29T01:10"),
        # 2:30 comes twice, at 0:30 and 1:30 UTC: from the first to the last.
        ("22:00", "02:30", "2026-10-25T00:45", "2026-10-25T01:30"),
        ("22:00", "02:30", "2026-10-25T01:29:59", "2026-10-25T01:30"),
        ("22:00", "02:30", "2026-10-25T01:30", None),
        ("02:30", "02:40", "2026-10-25T01:00", "2026-10-25T01:40"),
    ],
)
def test_times_that_are_skipped_or_doubled(
    begins: str, ends: str, now: str, expected: str | None
) -> None:
    found = quiet_end(quiet(BERLIN, begins, ends), utc(now))
    assert found == (utc(expected) if expected else None)


@given(st.sampled_from(ZONES), times, times, moments)
def test_quiet_hours_end_and_are_over_then(
    zone: str, begins: time, ends: time, now: datetime
) -> None:
    hours = Hours(zone, quiet_from=begins, quiet_until=ends)
    end = quiet_end(hours, now)
    if end is None:
        return
    assert now < end <= now + timedelta(hours=26)
    assert quiet_end(hours, end) is None
    # Whoever asks meanwhile hears the same.
    assert quiet_end(hours, now + (end - now) / 2) == end


@given(st.sampled_from(ZONES), times, times, moments)
def test_what_the_clock_shows_decides_away_from_changes(
    zone: str, begins: time, ends: time, now: datetime
) -> None:
    local = now.astimezone(ZoneInfo(zone))
    if (local - timedelta(days=2)).utcoffset() != (local + timedelta(days=2)).utcoffset():
        return
    shown = local.time()
    is_quiet = begins <= shown < ends if begins < ends else shown >= begins or shown < ends
    found = quiet_end(Hours(zone, quiet_from=begins, quiet_until=ends), now)
    assert (found is not None) == (is_quiet and begins != ends)
    if found is not None:
        assert found.astimezone(ZoneInfo(zone)).time() == ends


@pytest.mark.parametrize(("zone", "forward", "back", "odd"), CHANGES)
@pytest.mark.parametrize("hour", range(24))
def test_a_daily_digest_goes_out_once_each_day(
    zone: str, forward: date, back: date, odd: tuple[int, int], hour: int
) -> None:
    """Asked every quarter of an hour for three days around the change, it names each day's hour once."""
    hours = Hours(zone, digest="daily", hour=hour)
    for day, skipped in ((forward, odd[0] == hour), (back, False)):
        start = datetime.combine(day - timedelta(days=1), time(0), tzinfo=ZoneInfo(zone))
        found = set()
        for quarter in range(3 * 24 * 4):
            now = start.astimezone(UTC) + timedelta(minutes=15 * quarter)
            at = digest_at(hours, now)
            assert at is not None
            assert now < at <= now + timedelta(hours=25)
            found.add(at.astimezone(ZoneInfo(zone)))
        days = sorted(at.date() for at in found)
        assert len(days) == len(set(days))
        assert {at.hour for at in found if at.date() == day} == {3 if skipped else hour}
        assert all(at.hour == hour for at in found if at.date() != day)
        assert all(at.fold == 0 for at in found)


@pytest.mark.parametrize(("zone", "forward", "back", "odd"), CHANGES)
@pytest.mark.parametrize("hour", range(24))
def test_a_weekly_digest_on_the_day_of_the_change(
    zone: str, forward: date, back: date, odd: tuple[int, int], hour: int
) -> None:
    hours = Hours(zone, digest="weekly", hour=hour, weekday=6)
    for day in (forward, back):
        at = moment(day, time(hour), ZoneInfo(zone))
        assert digest_at(hours, at - timedelta(days=6)) == at
        following = digest_at(hours, at)
        assert following is not None
        assert following.astimezone(ZoneInfo(zone)).date() == day + timedelta(days=7)


@pytest.mark.parametrize(("zone", "forward", "back", "odd"), CHANGES)
def test_an_hourly_digest_goes_out_every_hour(
    zone: str, forward: date, back: date, odd: tuple[int, int]
) -> None:
    for day in (forward, back):
        now = datetime.combine(day, time(0), tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for _hour in range(26):
            at = digest_at(Hours(zone, digest="hourly"), now)
            assert at == now + timedelta(hours=1)
            now = at


def test_at_the_full_hour_of_the_zone() -> None:
    at = digest_at(Hours("Asia/Kolkata", digest="hourly"), utc("2026-07-01T12:10"))
    assert at == utc("2026-07-01T12:30")


def test_a_digest_waits_for_the_end_of_quiet_hours() -> None:
    hours = Hours("UTC", "hourly", quiet_from=time(22), quiet_until=time(7))
    assert digest_at(hours, utc("2026-07-01T21:30")) == utc("2026-07-02T07:00")
    assert digest_at(hours, utc("2026-07-01T20:30")) == utc("2026-07-01T21:00")
    assert digest_at(Hours("UTC"), utc("2026-07-01T20:30")) is None


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["hourly", "daily", "weekly"]),
    st.integers(0, 23),
    st.integers(0, 6),
    moments,
)
def test_what_comes_before_it_goes_with_the_same(
    zone: str, period: str, hour: int, weekday: int, now: datetime
) -> None:
    hours = Hours(zone, period, hour, weekday)
    at = digest_at(hours, now)
    assert at is not None
    assert at > now
    just_before = at - timedelta(seconds=1)
    assert just_before < now or digest_at(hours, just_before) == at
