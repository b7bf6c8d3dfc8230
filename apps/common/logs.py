"""Structured logs: one JSON object a line with the field names of the Elastic Common Schema."""

import logging
from typing import Any, cast

import ecs_logging
import structlog

ECS_NAMES = {
    "logger": "log.logger",
    "request_id": "http.request.id",
    "tenant_id": "organization.id",
    "person_id": "user.id",
    "ip": "client.ip",
    "user_agent": "user_agent.original",
    "code": "http.response.status_code",
    "task_id": "celery.task.id",
}


def _ecs_names(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    event["log.level"] = "error" if method == "exception" else method
    for ours, theirs in ECS_NAMES.items():
        value = event.pop(ours, None)
        if value is not None:
            event[theirs] = value
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
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
