import pytest

from apps.adoption.durations import MAX_BUCKET, bucket_of, median_s, middle_s


@pytest.mark.parametrize("duration_s", [1, 2, 3, 59, 3600, 86_400, 10_000_000])
def test_a_duration_is_known_to_within_ten_percent(duration_s: float) -> None:
    assert middle_s(bucket_of(duration_s)) == pytest.approx(duration_s, rel=0.1)


def test_the_ends() -> None:
    assert (bucket_of(0), bucket_of(0.9), middle_s(0)) == (0, 0, 0)
    assert bucket_of(1e30) == MAX_BUCKET


def test_the_median_is_the_one_in_the_middle() -> None:
    assert median_s({}) is None
    assert median_s({0: 1}) == 0
    hour, day = bucket_of(3600), bucket_of(86_400)
    assert median_s({hour: 3, day: 2}) == middle_s(hour)
    assert median_s({hour: 2, day: 3}) == middle_s(day)
    assert median_s({hour: 1, day: 1}) == middle_s(hour)
