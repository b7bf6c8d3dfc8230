"""Operations and fields that something better replaced: told in answers and the document, noted in the log.

RFC 9745 (Deprecation), RFC 8594 (Sunset), RFC 5829 (successor-version).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema_serializer

from apps.common.actors import Actor

log = structlog.get_logger(__name__)

NOTICE = dt.timedelta(days=180)
DOCS = "/api/docs/"
SerializerClass = TypeVar("SerializerClass", bound=type)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """since, sunset: from which day (UTC) on it should not be used, and will not be there any more.

    successor: path of what to use instead. Raises ValueError for less than NOTICE between the days.
    """

    since: dt.date
    sunset: dt.date
    successor: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"clients have at least {NOTICE.days} days")

    def headers(self) -> dict[str, str]:
        return {
            "Deprecation": f"@{_seconds(self.since)}",
            "Sunset": http_date(_seconds(self.sunset)),
            "Link": f'<{self.successor}>; rel="successor-version", '
            f'<{DOCS}>; rel="deprecation"; type="text/html"',
        }

    def __str__(self) -> str:
        return f"Deprecated since {self.since}, gone from {self.sunset} on: use `{self.successor}`."


def _seconds(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


def deprecates(**fields: Deprecation) -> Callable[[SerializerClass], SerializerClass]:
    """Mark fields of a serializer. Who sends one is told; of those of answers only the document tells."""

    def mark(serializer_class: SerializerClass) -> SerializerClass:
        serializer_class.deprecated_fields = fields  # type: ignore[attr-defined]
        return extend_schema_serializer(deprecate_fields=[*fields])(serializer_class)

    return mark


def deprecations_of(serializer_class: type, sent: Any) -> dict[str, Deprecation]:
    """Of the fields that were sent."""
    fields: Mapping[str, Deprecation] = getattr(serializer_class, "deprecated_fields", {})
    if not fields or not isinstance(sent, Mapping):
        return {}
    return {name: one for name, one in fields.items() if name in sent}


def note_use(what: str, actor: Actor) -> None:
    """For operators: who still uses it. The line has the request's id and the tenant besides."""
    log.info(
        "api.deprecated_used",
        deprecated=what,
        actor_kind=actor.kind.value,
        person_id=str(actor.person_id) if actor.person_id else None,
        api_key_id=str(actor.api_key_id) if actor.api_key_id else None,
    )
