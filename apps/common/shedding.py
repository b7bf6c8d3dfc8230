"""Load shedding: who would be answered too late is told so at once, and what matters most is told last.

The proxy in front says when a request came in (X-Request-Start); how long it has waited by the time a thread
takes it is what is looked at, since that is what grows when more comes than can be served. As long as most
waited little of late, it is a burst, and much is borne; once the queue stands, little is, so that it becomes
short again (after controlled delay: Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 2012, as
servers use it: Maurer, "Fail at Scale", ACM Queue 2015). Without the header nothing is refused here; how many
requests a process takes at all is bounded by granian (--backpressure).

Below Django, so that refusing costs microseconds (docs/resilience.md has the figures).
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Any

import orjson
import structlog
from django.template.loader import get_template

from apps.common.problems import CONTENT_TYPE, MACHINE_PATHS

log = structlog.get_logger("wrapper.shedding")

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

# In a burst one may have waited for so many times the target.
PATIENCE = 5
# How much each request counts in the mean: some hundred of late are what it is of.
WEIGHT = 0.01
# What says that it came in longer ago is another clock.
MAX_WAITED_S = 120.0
RETRY_AFTER_S = 3
LOG_EVERY_S = 1.0
DETAIL = "More is asked of us than we can answer just now. Try again in a few seconds."


class Priority(IntEnum):
    """For how many times as long as LOW one may have waited; NEVER_SHED: what watches over us."""

    LOW = 1
    NORMAL = 2
    CRITICAL = 10
    NEVER_SHED = 1_000


# Signing in, paying, what others tell us once, and those who look after an overload.
CRITICAL = (
    "/accounts/",
    "/api/v1/auth/",
    "/api/v1/billing/",
    "/console/",
    "/hooks/",
    "/oidc/",
    "/open/",
    "/plan/",
)
PROGRAMS = ("/api/", "/scim/")


def priority_of(method: str, path: str) -> Priority:
    """Reads by programs go first: they come again by themselves."""
    if path.startswith("/health/"):
        return Priority.NEVER_SHED
    if path.startswith(CRITICAL):
        return Priority.CRITICAL
    if path.startswith(PROGRAMS) and method in ("GET", "HEAD"):
        return Priority.LOW
    return Priority.NORMAL


def started_at(header: str) -> float | None:
    """Seconds since 1970, of `t=1700000000.123` (nginx), or in milli- or microseconds; None: of nothing."""
    try:
        found = float(header.removeprefix("t="))
    except ValueError:
        return None
    while 1e11 < found < 1e18:
        found /= 1000
    return found if 1e9 < found < 1e11 else None


class QueueDelay:
    """Of one process: for how long requests waited of late, in the mean.

    target_s: for how long one of LOW may have waited in a queue that stands; PATIENCE times that in a burst.
    """

    def __init__(self, target_s: float) -> None:
        self.target_s = target_s
        # Threads that write it at once lose one of them, which does no harm.
        self._mean_s = 0.0
        self._seen_at_s = 0.0

    def is_too_late(self, waited_s: float, priority: Priority) -> bool:
        """Also what was refused counts: it stood in the queue."""
        now_s, patience_s = time.monotonic(), PATIENCE * self.target_s
        before_s = self._mean_s if now_s - self._seen_at_s < patience_s else 0.0
        self._seen_at_s = now_s
        self._mean_s = before_s + (waited_s - before_s) * WEIGHT
        is_standing = self._mean_s > self.target_s
        return waited_s > (self.target_s if is_standing else patience_s) * priority


class LoadShedding:
    """WSGI middleware, the outermost. target_ms: 0: nothing is refused."""

    def __init__(self, application: Application, target_ms: int) -> None:
        self._application = application
        self._delay = QueueDelay(target_ms / 1000) if target_ms else None
        self._refused: Counter[str] = Counter()
        self._logged_at_s = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        header = request.get("HTTP_X_REQUEST_START")
        if header and self._delay is not None:
            at = started_at(header)
            waited_s = max(time.time() - at, 0.0) if at is not None else MAX_WAITED_S
            if waited_s < MAX_WAITED_S:
                path = request.get("PATH_INFO", "")
                priority = priority_of(request.get("REQUEST_METHOD", ""), path)
                if self._delay.is_too_late(waited_s, priority):
                    self._note(priority, waited_s)
                    return refusal(path, request.get("HTTP_ACCEPT", ""), start_response)
        return self._application(request, start_response)

    def _note(self, priority: Priority, waited_s: float) -> None:
        """A line a second, however many are refused."""
        with self._lock:
            self._refused[priority.name.lower()] += 1
            now_s = time.monotonic()
            if now_s - self._logged_at_s < LOG_EVERY_S:
                return
            self._logged_at_s = now_s
            counts, self._refused = dict(self._refused), Counter()
        log.warning("load.shed", waited_ms=int(waited_s * 1000), **counts)


def refusal(path: str, accept: str, start_response: StartResponse) -> Iterable[bytes]:
    """503 with Retry-After: a problem for programs, else a page."""
    is_program = path.startswith(MACHINE_PATHS) or accept.startswith("application/")
    body, content_type = (_problem(), CONTENT_TYPE) if is_program else (_page(), "text/html")
    start_response(
        "503 Service Unavailable",
        [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(RETRY_AFTER_S)),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; img-src 'self' data:",
            ),
        ],
    )
    return [body]


@lru_cache(maxsize=1)
def _problem() -> bytes:
    return orjson.dumps(
        {
            "type": "/api/docs/#error-unavailable",
            "title": "Not available right now",
            "status": 503,
            "code": "unavailable",
            "detail": DETAIL,
            "errors": [],
            "request_id": "",
        }
    )


@lru_cache(maxsize=1)
def _page() -> bytes:
    page = {"home_url": "/", "detail": DETAIL}
    return get_template("errors/maintenance.html").render(page).encode()
