"""What can happen, for people and programs: the declared event types with a JSON Schema of each payload."""

import dataclasses
import inspect
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.events import registry
from apps.events.registry import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES: dict[type, dict[str, str]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, slots=True)
class EventType:
    """aggregate: the field that holds the id of what it happened to. schema: of the payload."""

    name: str
    version: int
    scope: str
    aggregate: str
    description: str
    schema: dict[str, Any]


def event_types() -> list[EventType]:
    """By name. Nothing is read: the declarations say it all."""
    return [_event_type(cls) for cls in registry.events().values()]


def event_type(name: str) -> EventType | None:
    cls = registry.events().get(name)
    return _event_type(cls) if cls else None


def markdown() -> Iterator[str]:
    """The lines of the catalogue in docs/events.md."""
    app = ""
    for found in event_types():
        if (own := found.name.partition(".")[0]) != app:
            app = own
            yield from ("", f"### {app}", "", "| event | about | payload |", "|---|---|---|")
        payload = ", ".join(
            f"`{name}` {_words(rule)}" + ("" if name in found.schema["required"] else ", optional")
            for name, rule in found.schema["properties"].items()
        )
        version = f" (version {found.version})" if found.version > 1 else ""
        said = f" {found.description}" if found.description else ""
        yield f"| `{found.name}`{version}{said} | {found.aggregate}, {found.scope} | {payload} |"


def _event_type(cls: type[Event]) -> EventType:
    return EventType(
        name=cls.event_name,
        version=cls.version,
        scope=cls.scope.value,
        aggregate=cls.aggregate,
        description=_description(cls),
        schema=_schema(cls),
    )


def _description(cls: type[Event]) -> str:
    """The docstring on one line; a dataclass without one has its signature there, which says nothing."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(text.split())


def _schema(cls: type[Event]) -> dict[str, Any]:
    properties = {
        name: _nullable(TYPES[scalar]) if optional else dict(TYPES[scalar])
        for name, (scalar, optional) in registry.fields_of(cls).items()
    }
    required = [
        field.name
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]  # each is a dataclass
        if field.default is dataclasses.MISSING
    ]
    return {
        "$schema": DIALECT,
        "title": cls.event_name,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _nullable(rule: dict[str, str]) -> dict[str, Any]:
    return {**rule, "type": [rule["type"], "null"]}


def _words(rule: dict[str, Any]) -> str:
    kind = rule["type"]
    is_nullable = isinstance(kind, list)
    return str(rule.get("format", kind[0] if is_nullable else kind)) + (
        " or null" if is_nullable else ""
    )
