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


@register("events")
def check_versions(**_kwargs: Any) -> list[CheckMessage]:
    """Events of older versions are in the outbox, and in archives: each has a way to the newest."""
    declared, upcasters = registry.events(), registry.upcasters()
    missing: list[CheckMessage] = [
        Error(
            f"Nothing makes version {version + 1} of {name} of its version {version}.",
            hint=f'Declare @upcast("{name}", from_version={version}) beside the event.',
            obj=cls,
            id="events.E002",
        )
        for name, cls in declared.items()
        for version in range(1, cls.version)
        if (name, version) not in upcasters
    ]
    superfluous: list[CheckMessage] = [
        Error(
            f"An upcaster starts from version {version} of {name}, which has none after it.",
            hint="Raise the event's version, or remove the upcaster.",
            obj=upcaster,
            id="events.E003",
        )
        for (name, version), upcaster in upcasters.items()
        if name not in declared or not 1 <= version < declared[name].version
    ]
    return missing + superfluous
