"""The outermost middleware: request id and access log, and refusal of input no view should see."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any

import structlog
import uuid_utils
from django.http import HttpRequest, HttpResponse

from apps.common.api.exceptions import MethodNotAllowed
from apps.common.database import app_connection
from apps.common.logs import ecs_line
from apps.common.origin import origin_bound
from apps.common.problems import error_response
from apps.common.requests import INTERNAL
from apps.common.strict_input import form_refusal, refusal

log = logging.getLogger("wrapper.request")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id_of(meta: dict[str, Any]) -> str:
    """What the client calls the request, or a name of our own."""
    sent = meta.get("HTTP_X_REQUEST_ID", "")
    return sent if REQUEST_ID.fullmatch(sent) else str(uuid_utils.uuid7())


class RequestLogMiddleware:
    """Gives every request an id, echoes it, and writes one line when it is answered.

    The trace context of whoever asks (W3C) goes into the log and into events.

    Query strings stay out of the log: they carry tickets and e-mail addresses. A view whose path is
    a secret sets request.log_path.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_of(request.META)
        request.request_id = request_id  # type: ignore[attr-defined]
        trace = request.headers.get("traceparent", "")
        context: dict[str, str] = {"request_id": request_id}
        if TRACEPARENT.fullmatch(trace):
            context["traceparent"] = trace
        started = time.perf_counter()
        with (
            app_connection(),
            origin_bound(request),
            structlog.contextvars.bound_contextvars(**context),
        ):
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
        log_answer(
            request.META,
            getattr(request, "log_path", request.path),
            response.status_code,
            time.perf_counter() - started,
            **context,
            tenant_id=getattr(request, "log_tenant_id", None),
            person_id=getattr(request, "log_person_id", None),
            impersonator_id=getattr(request, "log_impersonator_id", None),
            api_key_id=getattr(request, "log_api_key_id", None),
        )
        return response


def log_answer(meta: dict[str, Any], path: str, status: int, took_s: float, **who: Any) -> None:
    """The one line that each request has in the log: written at once, as there is one for each.

    who: request_id, traceparent, tenant_id, person_id, impersonator_id, api_key_id.
    """
    level = logging.DEBUG if meta.get(INTERNAL) else logging.INFO
    level = logging.ERROR if status >= 500 else level
    if log.isEnabledFor(level):
        fields = {
            "http.request.method": meta["REQUEST_METHOD"],
            "url.path": path,
            "url.domain": meta.get("HTTP_HOST", ""),
            "code": status,
            "event.duration": int(took_s * 1e9),  # nanoseconds, as ECS wants
            "ip": meta.get("REMOTE_ADDR"),
            **who,
        }
        log.log(
            level, fields, extra={"ecs_line": ecs_line("request", log.name, level, dict(fields))}
        )


class BadInputMiddleware:
    """Refuses what `strict_input` finds, and gives bare refusals of a method the shape of all errors."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if error := refusal(request):
            return error_response(request, error)
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return error_response(
                request, MethodNotAllowed(headers={"Allow": response.get("Allow", "")})
            )
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        error = form_refusal(request, view)
        return error_response(request, error) if error else None
