"""Structured logs: one JSON object a line with the field names of the Elastic Common Schema."""

import logging
import re
from typing import Any, cast

import ecs_logging
import structlog

ECS_NAMES = {
    "logger": "log.logger",
    "request_id": "http.request.id",
    "tenant_id": "organization.id",
    "person_id": "user.id",
    "impersonator_id": "user.impersonator.id",
    "api_key_id": "api_key.id",
    "ip": "client.ip",
    "user_agent": "user_agent.original",
    "code": "http.response.status_code",
    "task_id": "celery.task.id",
}

FILE_LINK = re.compile(r"/files/[^/\s]+")


def _ecs_names(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    event["log.level"] = "error" if method == "exception" else method
    for ours, theirs in ECS_NAMES.items():
        value = event.pop(ours, None)
        if value is not None:
            event[theirs] = value
    if trace := event.pop("traceparent", None):
        event["trace.id"] = trace.split("-")[1]
    return event


def _without_link_tokens(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Whoever has a link to a file gets the file: its path is in our lines and in Django's own.

    Those also carry the request itself, whose text repeats the path and says nothing further.
    """
    event.pop("request", None)
    for name in ("event", "url.path"):
        if "/files/" in str(event.get(name, "")):
            event[name] = FILE_LINK.sub("/files/…", str(event[name]))
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _without_link_tokens,
    _ecs_names,
]


def ecs_formatter() -> logging.Formatter:
    """The formatter of settings.LOGGING, for records of structlog and of the standard library."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            cast(Any, ecs_logging.StructlogFormatter()),
        ],
    )


structlog.configure(
    processors=[
        *_SHARED,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
