"""What a workspace says of types and categories: for who chose nothing, or for everybody."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.events.services import publish
from apps.notifications.events import DefaultsChanged
from apps.notifications.matrix import MEMBERS_CHANNELS
from apps.notifications.models import ChannelDefault
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.subjects import subject_of


@dataclass(frozen=True, slots=True)
class Default:
    """subject: the code of a type or a category. is_on: None says nothing; is_locked: for everybody."""

    subject: str
    channel: str
    is_on: bool | None
    is_locked: bool = False

    def __str__(self) -> str:
        if self.is_on is None:
            return "default"
        return f"{'locked_' if self.is_locked else ''}{'on' if self.is_on else 'off'}"


@transaction.atomic
def notification_defaults_set(*, actor: Actor, defaults: list[Default]) -> bool:
    """Say it for the workspace; whether any of it is other than before. What waits already is sent.

    Locks what was said. Publishes notifications.defaults_changed for each that changes.
    Raises PermissionDenied, InvalidInput.
    """
    authorize(actor, MANAGE_NOTIFICATIONS)
    kept = {
        (one.subject, one.channel): one
        for one in ChannelDefault.objects.select_for_update().order_by("subject", "channel")
    }
    is_changed = False
    for number, default in enumerate(defaults):
        _check(default, f"defaults.{number}")
        was = _as_default(default, kept.get((default.subject, default.channel)))
        if was == default:
            continue
        is_changed = True
        _store(default)
        publish(
            DefaultsChanged(
                subject=default.subject,
                channel=default.channel,
                from_choice=str(was),
                to_choice=str(default),
            ),
            actor=actor,
        )
    return is_changed


def _check(default: Default, attr: str) -> None:
    subject = subject_of(default.subject)
    if subject is None:
        raise InvalidInput.field(attr, _("There is no such type or category."), "unknown_subject")
    if default.channel not in MEMBERS_CHANNELS or default.channel not in subject.channels:
        raise InvalidInput.field(attr, _("It cannot go by this channel."), "unknown_channel")
    if default.is_on is None and default.is_locked:
        raise InvalidInput.field(
            attr, _("Say whether it is on for everybody, or off."), "no_choice"
        )


def _as_default(default: Default, row: ChannelDefault | None) -> Default:
    if row is None:
        return Default(default.subject, default.channel, None)
    return Default(row.subject, row.channel, row.is_on, row.is_locked)


def _store(default: Default) -> None:
    rows = ChannelDefault.objects.filter(subject=default.subject, channel=default.channel)
    if default.is_on is None:
        rows.delete()
        return
    ChannelDefault.objects.update_or_create(
        subject=default.subject,
        channel=default.channel,
        defaults={"is_on": default.is_on, "is_locked": default.is_locked},
    )
