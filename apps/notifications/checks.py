"""What apps declare is looked at before somebody is told nonsense."""

from collections.abc import Callable, Iterator
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
from apps.notifications.push.fcm import credentials_of
from apps.notifications.push.web import public_key
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


@register()
def check_push(**_kwargs: Any) -> list[CheckMessage]:
    """What would show at the first push message only."""
    found = [
        (
            settings.PUSH_INTERNAL_HOSTS and not getattr(settings, "SANDBOX", False),
            "PUSH_INTERNAL_HOSTS lets browsers name push services at internal addresses",
        ),
        (
            not _is_read(public_key),
            "WEB_PUSH_PRIVATE_KEY is no key: make one by `manage.py push keys`",
        ),
        (
            settings.FCM_CREDENTIALS
            and not _is_read(lambda: credentials_of(settings.FCM_CREDENTIALS)),
            "FCM_CREDENTIALS is not the JSON of a service account",
        ),
        (
            settings.APNS_KEY
            and not (settings.APNS_KEY_ID and settings.APNS_TEAM_ID and settings.APNS_TOPIC),
            "APNS_KEY goes with APNS_KEY_ID, APNS_TEAM_ID and APNS_TOPIC",
        ),
    ]
    return [Error(text, id="notifications.E002") for holds, text in found if holds]


def _is_read(read: Callable[[], Any]) -> bool:
    try:
        read()
    except ValueError:
        return False
    return True
