"""Liveness and readiness, answered on any host before a tenant is looked up."""

from collections.abc import Callable

import structlog
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

log = structlog.get_logger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    caches["global"].get("health")


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "redis": _redis}


def readiness() -> dict[str, str]:
    """State of each dependency: `ok`, or `failed` (the log says why; the answer does not)."""
    states = {}
    for name, check in CHECKS.items():
        try:
            check()
        except Exception:
            # Whatever a driver raises means the same here: this dependency cannot be used.
            log.exception("health.check_failed", check=name)
            states[name] = "failed"
        else:
            states[name] = "ok"
    return states


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/health/live/":
            return JsonResponse({"status": "ok"})
        if request.path == "/health/ready/":
            states = readiness()
            ready = all(state == "ok" for state in states.values())
            return JsonResponse(
                {"status": "ok" if ready else "failed", "checks": states},
                status=200 if ready else 503,
            )
        return self.get_response(request)
