"""Who is told at once that there is too much to do, and who last."""

import time
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from apps.common import shedding
from apps.common.shedding import LoadShedding, Priority, QueueDelay, priority_of, started_at

TARGET_MS = 100


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"served"]


class Caller:
    def __init__(self, target_ms: int = TARGET_MS) -> None:
        self.app = LoadShedding(application, target_ms)
        self.status, self.headers = "", dict[str, str]()

    def ask(
        self,
        path: str = "/api/v1/members/",
        *,
        waited_ms: float | None,
        method: str = "GET",
        **more: str,
    ) -> str:
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method, **more}
        if waited_ms is not None:
            environ["HTTP_X_REQUEST_START"] = f"t={time.time() - waited_ms / 1000:.3f}"

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            self.status, self.headers = status, dict(headers)

        self.body = b"".join(self.app(environ, start_response))
        return self.status[:3]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time.monotonic says to the module; its first value is moved."""
    now = [1000.0]

    class Time:
        time = staticmethod(time.time)

        @staticmethod
        def monotonic() -> float:
            return now[0]

    monkeypatch.setattr(shedding, "time", Time)
    return now


@pytest.mark.parametrize(
    ("method", "path", "priority"),
    [
        ("GET", "/health/ready/", Priority.NEVER_SHED),
        ("POST", "/accounts/login/", Priority.CRITICAL),
        ("GET", "/accounts/login/", Priority.CRITICAL),
        ("POST", "/api/v1/auth/token/", Priority.CRITICAL),
        ("POST", "/hooks/stripe/", Priority.CRITICAL),
        ("GET", "/plan/", Priority.CRITICAL),
        ("GET", "/console/", Priority.CRITICAL),
        ("GET", "/members/", Priority.NORMAL),
        ("POST", "/api/v1/members/", Priority.NORMAL),
        ("GET", "/api/v1/members/", Priority.LOW),
        ("HEAD", "/scim/v2/Users", Priority.LOW),
    ],
)
def test_priorities(method: str, path: str, priority: Priority) -> None:
    assert priority_of(method, path) == priority


@pytest.mark.parametrize(
    ("header", "at"),
    [
        ("t=1700000000.123", 1700000000.123),
        ("1700000000123", 1700000000.123),
        ("t=1700000000123456", 1700000000.123456),
        ("t=12", None),
        ("yesterday", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_when_it_came_in(header: str, at: float | None) -> None:
    assert started_at(header) == (None if at is None else pytest.approx(at))


def test_a_burst_is_borne_and_a_queue_that_stands_is_not(clock: list[float]) -> None:
    delay = QueueDelay(0.1)
    assert not delay.is_too_late(0.4, Priority.LOW)
    assert delay.is_too_late(0.6, Priority.LOW)
    for _ in range(80):
        clock[0] += 0.01
        delay.is_too_late(0.2, Priority.LOW)
    assert delay.is_too_late(0.15, Priority.LOW)
    assert not delay.is_too_late(0.15, Priority.NORMAL)
    assert delay.is_too_late(0.25, Priority.NORMAL)
    assert not delay.is_too_late(0.9, Priority.CRITICAL)
    # One that has hardly waited changes little; many say that it is short again.
    assert not delay.is_too_late(0.05, Priority.LOW)
    assert delay.is_too_late(0.15, Priority.LOW)
    for _ in range(80):
        delay.is_too_late(0.01, Priority.LOW)
    assert not delay.is_too_late(0.4, Priority.LOW)


def test_a_pause_is_no_queue(clock: list[float]) -> None:
    delay = QueueDelay(0.1)
    for _ in range(200):
        delay.is_too_late(0.4, Priority.LOW)
    assert delay.is_too_late(0.4, Priority.LOW)
    clock[0] += 60
    assert not delay.is_too_late(0.4, Priority.LOW)


def test_refused_with_a_time_to_come_again() -> None:
    caller = Caller()
    assert caller.ask(waited_ms=1000) == "503"
    assert caller.headers["Retry-After"] == "3"
    assert caller.headers["Content-Type"] == "application/problem+json"
    problem = orjson.loads(caller.body)
    assert (problem["status"], problem["code"]) == (503, "unavailable")
    assert caller.ask("/members/", waited_ms=2000, HTTP_ACCEPT="text/html") == "503"
    assert caller.headers["Content-Type"] == "text/html"
    assert b"Back shortly" in caller.body
    assert caller.headers["Content-Length"] == str(len(caller.body))
    assert caller.headers["Cache-Control"] == "no-store"


def test_what_matters_most_is_refused_last() -> None:
    caller = Caller()
    for path, method, bound_ms in (
        ("/api/v1/members/", "GET", 500),
        ("/members/", "GET", 1000),
        ("/accounts/login/", "POST", 5000),
    ):
        assert caller.ask(path, method=method, waited_ms=bound_ms - 50) == "200"
        assert caller.ask(path, method=method, waited_ms=bound_ms + 50) == "503"
    assert caller.ask("/health/live/", waited_ms=60_000) == "200"


@pytest.mark.parametrize("waited_ms", [None, -5000, 0, 10, 500_000])
def test_served_where_it_did_not_wait_or_the_clock_is_another(waited_ms: float | None) -> None:
    assert Caller().ask(waited_ms=waited_ms) == "200"


def test_off() -> None:
    assert Caller(0).ask(waited_ms=60_000) == "200"


def test_it_costs_microseconds() -> None:
    caller = Caller()
    count = 2000
    for waited_ms, at_most_us in ((None, 5), (10.0, 50), (2000.0, 100)):
        began_s = time.perf_counter()
        for _ in range(count):
            caller.ask(waited_ms=waited_ms)
        assert (time.perf_counter() - began_s) / count * 1e6 < at_most_us * 10
