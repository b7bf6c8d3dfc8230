"""Circuit breakers, in real Redis: by one process and by many."""

import threading
import time
from typing import Any

import pytest
from django.core.cache import caches
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.common import breakers
from apps.common.breakers import Breaker, CircuitOpen

BREAKER = Breaker("tests.far", failures=3, window_s=5, open_s=0.3, probe_s=0.4)


class Away(Exception):
    pass


class Answered(Exception):
    pass


def attempt(breaker: Breaker = BREAKER, error: BaseException | None = None) -> None:
    with breaker.attempt(failures=(Away,), answers=(Answered,)):
        if error is not None:
            raise error


def fail(times: int, breaker: Breaker = BREAKER) -> None:
    for _ in range(times):
        with pytest.raises(Away):
            attempt(breaker, Away("no answer"))


def test_so_many_failures_open_it_and_nobody_asks() -> None:
    fail(2)
    assert BREAKER.status().state == "closed"
    fail(1)
    with pytest.raises(CircuitOpen) as refused:
        attempt()
    assert refused.value.name == "tests.far"
    assert 0 < refused.value.retry_after_s <= 0.3
    status = BREAKER.status()
    assert (status.state, status.error) == ("open", "no answer")
    assert (status.succeeded, status.failed) == (0, 3)
    assert status.open_until is not None
    assert status.error_at is not None


def test_an_answer_closes_it() -> None:
    fail(3)
    time.sleep(0.32)
    assert BREAKER.status().state == "half_open"
    attempt()
    assert BREAKER.status().state == "closed"
    # From nothing again.
    fail(2)
    assert BREAKER.status().state == "closed"


def test_a_failed_probe_opens_it_again() -> None:
    fail(3)
    time.sleep(0.32)
    fail(1)
    assert BREAKER.status().state == "open"
    with pytest.raises(CircuitOpen):
        attempt()


def test_only_one_probes() -> None:
    fail(3)
    time.sleep(0.32)
    inside, let_go = threading.Event(), threading.Event()

    def probe() -> None:
        with BREAKER.attempt(failures=(Away,)):
            inside.set()
            let_go.wait(5)

    thread = threading.Thread(target=probe)
    thread.start()
    assert inside.wait(5)
    with pytest.raises(CircuitOpen):
        attempt()
    let_go.set()
    thread.join(5)
    attempt()


def test_a_probe_that_never_came_back_is_given_up() -> None:
    fail(3)
    time.sleep(0.32)
    BREAKER._enter("died")
    with pytest.raises(CircuitOpen) as refused:
        attempt()
    assert refused.value.retry_after_s <= 0.4
    time.sleep(0.42)
    attempt()
    assert BREAKER.status().state == "closed"


def test_failures_of_long_ago_do_not_count() -> None:
    short = Breaker("tests.short", failures=2, window_s=0.2)
    fail(1, short)
    time.sleep(0.25)
    fail(1, short)
    assert short.status().state == "closed"


def test_who_began_before_it_opened_does_not_close_it() -> None:
    with BREAKER.attempt(failures=(Away,)):
        fail(3)
    assert BREAKER.status().state == "open"


def test_an_answer_that_refuses_is_an_answer() -> None:
    fail(3)
    time.sleep(0.32)
    with pytest.raises(Answered):
        attempt(error=Answered())
    status = BREAKER.status()
    assert (status.state, status.succeeded) == ("closed", 1)


def test_what_says_nothing_of_it_lets_the_next_one_probe() -> None:
    fail(3)
    time.sleep(0.32)
    with pytest.raises(KeyError):
        attempt(error=KeyError("ours"))
    assert BREAKER.status().state == "half_open"
    attempt()
    assert BREAKER.status().state == "closed"


def test_reset() -> None:
    fail(3)
    BREAKER.reset()
    attempt()
    assert BREAKER.status().failed == 3


def test_breakers_are_apart() -> None:
    fail(3)
    attempt(Breaker("tests.near"))


def test_many_at_once_open_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, Any]] = []
    monkeypatch.setattr(
        breakers.log, "warning", lambda event, **told: opened.append({"event": event, **told})
    )
    barrier = threading.Barrier(8)

    def one() -> None:
        barrier.wait(5)
        for _ in range(5):
            try:
                attempt(error=Away("x"))
            except (Away, CircuitOpen):
                continue

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [one["event"] for one in opened] == ["breaker.opened"]
    assert BREAKER.status().state == "open"


def test_without_redis_everybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def eval(self, *_arguments: Any) -> Any:
            raise RedisConnectionError("gone")

    monkeypatch.setattr(breakers, "redis_client", Gone)
    for _ in range(5):
        with pytest.raises(Away):
            attempt(error=Away("x"))
    attempt()


def test_nothing_is_kept_for_ever() -> None:
    fail(3)
    redis = caches["global"]._cache.get_client()  # type: ignore[attr-defined]
    keys = redis.keys("breaker:{tests.far}:*")
    assert len(keys) == 3
    assert all(redis.ttl(key) > 0 for key in keys)
