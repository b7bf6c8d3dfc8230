"""The step in Redis against a token bucket in exact fractions, and what it promises besides."""

import json
import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import NoScriptError

from apps.common import rate_limits
from apps.common.ids import uuid7
from apps.common.rate_limits import (
    Limit,
    Spend,
    admission_command,
    admission_of,
    admit,
    admit_locally,
    in_full,
    remaining,
)

FIVE = Limit("tests.five", 5, 60)


def scope() -> str:
    return str(uuid7())


@dataclass
class Bucket:
    """As textbooks have it: filled at a steady rate, never above the burst."""

    limit: Limit
    tokens: Fraction = field(init=False)
    at_us: int = 0

    def __post_init__(self) -> None:
        self.tokens = Fraction(self.limit.burst)

    def fill(self, now_us: int) -> None:
        rate = Fraction(self.limit.at_most, self.limit.window_s * 1_000_000)
        self.tokens = min(self.limit.burst, self.tokens + rate * (now_us - self.at_us))
        self.at_us = now_us


class Model:
    def __init__(self) -> None:
        self.buckets: dict[tuple[str, str], Bucket] = {}

    def step(self, spends: list[Spend], now_us: int) -> tuple[bool, list[int]]:
        """Whether it is let through, and how many whole tokens each has left."""
        buckets = [
            self.buckets.setdefault((one.limit.name, one.key), Bucket(one.limit, at_us=now_us))
            for one in spends
        ]
        for bucket in buckets:
            bucket.fill(now_us)
        costs = [min(one.cost, one.limit.burst) for one in spends]
        is_let_through = all(
            bucket.tokens >= cost for bucket, cost in zip(buckets, costs, strict=True)
        )
        if is_let_through:
            for bucket, cost in zip(buckets, costs, strict=True):
                bucket.tokens -= cost
        return is_let_through, [int(bucket.tokens) for bucket in buckets]


# Whose interval is a whole number of microseconds.
LIMITS = [
    Limit("tests.one", 1, 30),
    Limit("tests.even", 10, 60),
    Limit("tests.bursty", 20, 600, burst=4),
    Limit("tests.steady", 50, 900, burst=200),
    Limit("tests.api", 800, 900),
]
STEP = st.tuples(
    st.integers(0, 40_000_000),
    st.lists(
        st.builds(Spend, st.sampled_from(LIMITS), st.sampled_from("ab"), st.integers(0, 60)),
        min_size=1,
        max_size=4,
        unique_by=lambda one: (one.limit.name, one.key),
    ),
)
START_US = 1_800_000_000_000_000


def clocked(command: tuple[Any, ...]) -> tuple[Any, ...]:
    """The command with a clock that the test sets, and counters that do not expire meanwhile."""
    text = rate_limits.SCRIPT.replace(
        "redis.call('TIME')", "cjson.decode(redis.call('GET', 'tests:clock'))"
    ).replace("math.ceil((until_free - now) / 1000)", "3600000")
    assert text.count("tests:clock") == 1
    assert text.count("3600000") == 1
    return ("EVAL", text, *command[2:])


@settings(max_examples=150)
@given(steps=st.lists(STEP, min_size=1, max_size=60))
def test_as_a_token_bucket_has_it(steps: list[tuple[int, list[Spend]]]) -> None:
    redis, model, local, name = rate_limits._redis(), Model(), rate_limits._Local(), scope()
    now_us = START_US
    for later_us, spends in steps:
        now_us += later_us
        redis.set("tests:clock", json.dumps([str(now_us // 1_000_000), str(now_us % 1_000_000)]))
        reply = redis.execute_command(*clocked(admission_command(name, spends)))
        let_through, left = model.step(spends, now_us)
        assert (reply[0] == 0) is let_through
        assert [
            room // one.limit.interval_us for room, one in zip(reply[2:], spends, strict=True)
        ] == left
        admission = admission_of(spends, reply)
        assert admission.is_admitted is let_through
        if let_through:
            assert admission.remaining == min(left)
        assert reply == local.step(name, spends, now_us)


def test_all_are_charged_or_none() -> None:
    name, wide = scope(), Limit("tests.wide", 100, 60)
    spends = [Spend(wide, "workspace"), Spend(FIVE, "caller")]
    for left in (4, 3, 2, 1, 0):
        admission = admit(name, spends)
        assert (admission.is_admitted, admission.limit, admission.remaining) == (True, FIVE, left)
    refused = admit(name, spends)
    assert (refused.is_admitted, refused.limit, refused.remaining) == (False, FIVE, 0)
    assert refused.retry_after_s == 12
    assert refused.reset_s == 60
    assert remaining(name, wide, ["workspace"]) == {"workspace": 95}


def test_room_comes_back_steadily() -> None:
    name, fast = scope(), Limit("tests.fast", 10, 1, burst=2)
    assert [admit(name, [Spend(fast, "x")]).is_admitted for _ in range(3)] == [True, True, False]
    time.sleep(0.11)
    assert [admit(name, [Spend(fast, "x")]).is_admitted for _ in range(2)] == [True, False]


def test_counters_go_when_they_are_full_again() -> None:
    name = scope()
    admit(name, [Spend(FIVE, "x", 2)])
    (key,) = rate_limits._redis().scan_iter(f"limit:{{{name}}}:*")
    assert 23_000 < rate_limits._redis().pttl(key) <= 24_000


def test_what_costs_more_than_the_burst_takes_all_of_it() -> None:
    name = scope()
    assert admit(name, [Spend(FIVE, "x", 9)]) == (FIVE, 0, 60, 0)
    assert admit(name, [Spend(FIVE, "x")]).retry_after_s == 12


def test_a_limit_of_none_lets_nobody_through() -> None:
    admission = admit(scope(), [Spend(Limit("tests.none", 0, 900), "x")])
    assert (admission.is_admitted, admission.remaining, admission.retry_after_s) == (False, 0, 900)


def test_another_number_counts_anew() -> None:
    name = scope()
    admit(name, [Spend(FIVE, "x", 5)])
    assert not admit(name, [Spend(FIVE, "x")]).is_admitted
    assert admit(name, [Spend(Limit("tests.five", 10, 60), "x")]).remaining == 9


def test_of_many_at_once_exactly_so_many_pass() -> None:
    name, slow = scope(), Limit("tests.slow", 40, 3600)
    barrier, passed = threading.Barrier(8), []

    def work() -> None:
        barrier.wait()
        spends = [Spend(slow, "x"), Spend(FIVE, str(threading.get_ident()), 0)]
        passed.append(sum(admit(name, spends).is_admitted for _ in range(20)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 40


def test_one_command_among_others() -> None:
    """What the hot path sends: the step and reads, in one round trip, on a server that may be new."""
    redis, name, spends = rate_limits._redis(), scope(), [Spend(FIVE, "x")]
    redis.script_flush()
    command = admission_command(name, spends, caller="member:1")
    with redis.pipeline(transaction=False) as pipe:
        pipe.execute_command(*command)
        pipe.mget("tests:none", "tests:neither")
        reply, read = pipe.execute(raise_on_error=False)
    assert isinstance(reply, NoScriptError)
    assert read == [None, None]
    reply = redis.execute_command(*in_full(command))
    assert admission_of(spends, reply) == (FIVE, 4, 12, 0)
    reply = redis.execute_command(*command)
    assert admission_of(spends, reply) == (FIVE, 3, 24, 0)


def test_a_server_that_forgot_the_script_is_told_again() -> None:
    rate_limits._redis().script_flush()
    assert admit(scope(), [Spend(FIVE, "x")]).is_admitted


def test_all_keys_are_in_one_slot() -> None:
    name = scope()
    _eval, _sha, n, *rest = admission_command(
        name, [Spend(FIVE, "a"), Spend(FIVE, "{b}")], caller="member:1"
    )
    keys = [str(key) for key in rest[: int(n)]]
    assert len(keys) == 4
    assert {key.partition("{")[2].partition("}")[0] for key in keys} == {name}


def test_callers_are_counted_for_people_to_see() -> None:
    name = scope()
    for _ in range(7):
        admit(name, [Spend(FIVE, "x")], caller="member:1")
    admit(name, [Spend(FIVE, "y")], caller="key:2")
    redis = rate_limits._redis()
    (requests,) = redis.scan_iter(f"requests:{{{name}}}:*")
    (refusals,) = redis.scan_iter(f"refusals:{{{name}}}:*")
    assert redis.hgetall(requests) == {b"member:1": b"5", b"key:2": b"1"}
    found = redis.hgetall(refusals)
    assert found[b"member:1"] == b"2"
    assert abs(int(found[b"member:1@"]) - time.time()) < 5
    assert 0 < redis.ttl(requests) <= 1800
    assert 0 < redis.ttl(refusals) <= 2 * 24 * 3600


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def _away(self, settings: Any) -> None:
        settings.CACHES = {
            **settings.CACHES,
            "global": {**settings.CACHES["global"], "LOCATION": "redis://127.0.0.1:9/0"},
        }

    def test_services_count_in_this_process(self, caplog: Any) -> None:
        limit = Limit(f"tests.{uuid7()}", 2, 3600)
        assert [limit.consume("x") for _ in range(3)] == [0, 0, 1800]
        assert limit.consume("y") == 0

    def test_no_more_counters_than_so_many(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(rate_limits, "MAX_LOCAL", 3)
        monkeypatch.setattr(rate_limits, "_local", rate_limits._Local())
        for key in range(10):
            assert admit_locally("x", [Spend(FIVE, str(key))]).is_admitted
        assert len(rate_limits._local._free_at_us) == 3


def test_limits_are_of_positive_numbers() -> None:
    for wrong in ((-1, 60), (1, 0)):
        with pytest.raises(ImproperlyConfigured):
            Limit("tests.wrong", *wrong)


def test_the_client_is_of_the_global_cache() -> None:
    assert rate_limits._redis() is caches["global"]._cache.get_client()  # type: ignore[attr-defined]
