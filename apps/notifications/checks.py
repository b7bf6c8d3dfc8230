"""What apps declare is looked at before somebody is told nonsense."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from liquid.exceptions import LiquidError

from apps.common.access import permissions
from apps.common.notifying import (
    NotificationType,
    Permitted,
    notification_categories,
    notification_types,
)
from apps.events.registry import events, fields_of
from apps.notifications.content import parsed, render


@register()
def check_types(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"The type of notifications {kind.code} {problem}.", id="notifications.E001")
        for kind in notification_types().values()
        for problem in _problems(kind)
    ]


def _problems(kind: NotificationType) -> Iterator[str]:
    event = events().get(kind.event)
    if event is None:
        yield f"is about an event {kind.event} that nobody declares"
        return
    if kind.category not in {one.code for one in notification_categories()}:
        yield f"has a category {kind.category} that nobody declares"
    if isinstance(kind.audience, Permitted) and kind.audience.permission not in permissions():
        yield f"is for holders of a permission {kind.audience.permission} that nobody declares"
    known = {*fields_of(event), "tenant", "actor", *kind.example}
    for source in (kind.title, kind.body, kind.action, kind.url):
        try:
            used = _variables(str(source))
            render(source, dict(kind.example))
        except LiquidError as error:
            yield f"has a template that is none, {str(source)!r}: {str(error).splitlines()[0]}"
            continue
        if unknown := sorted(used - known):
            yield f"uses {', '.join(unknown)}, which is in neither the event nor the example"


def _variables(source: str) -> set[str]:
    return {str(name) for name in parsed(source).analyze().globals}
