"""What apps declare is looked at before somebody is told nonsense."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.common.access import permissions
from apps.common.notifying import (
    NotificationType,
    Permitted,
    notification_categories,
    notification_types,
)
from apps.events.registry import events
from apps.notifications.templating import TemplateProblem, render, variables, variables_of


@register()
def check_types(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"The type of notifications {kind.code} {problem}.", id="notifications.E001")
        for kind in notification_types().values()
        for problem in _problems(kind)
    ]


@register()
def no_internal_webhook(**_kwargs: Any) -> list[CheckMessage]:
    """Only where the sandbox is: a tenant could point its webhook at whatever listens there."""
    if not settings.WEBHOOK_INTERNAL_HOSTS or getattr(settings, "SANDBOX", False):
        return []
    return [
        Error(
            "WEBHOOK_INTERNAL_HOSTS lets tenants' webhooks be at internal addresses.",
            id="notifications.E002",
            hint="Leave it empty outside local and test settings.",
        )
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
    known = set(variables(kind))
    for source in (kind.title, kind.body, kind.action, kind.url):
        try:
            used = variables_of(source)
            render(source, kind.sample)
        except TemplateProblem as problem:
            yield f"has a template that is none, {str(source)!r}: {problem.message}"
            continue
        if unknown := sorted(used - known):
            yield f"uses {', '.join(unknown)}, which is in neither the event nor the example"
