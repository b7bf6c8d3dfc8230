"""Start-up checks: a subscription to an event that nobody declares would wait for ever."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.events import registry


@register("events")
def check_subscriptions(**_kwargs: Any) -> list[CheckMessage]:
    declared = registry.events()
    return [
        Error(
            f"Handler {subscription.name} subscribes to {subscription.event_name}, "
            "which no app declares.",
            hint="Correct the name, or install the app whose events.py declares it.",
            obj=subscription.handler,
            id="events.E001",
        )
        for subscription in registry.subscriptions().values()
        if subscription.event_name not in declared
    ]
