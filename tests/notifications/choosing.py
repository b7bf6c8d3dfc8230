"""Types of notifications that tests declare, and what is chosen of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from apps.common import notifying
from apps.common.notifying import Channel, NotificationType, Urgency, notification_type
from apps.notifications.audiences import Reader
from apps.notifications.models import ChannelDefault, Preference, Timing
from apps.organizations.models import Member

CODE, CATEGORY = "billing.limit_neared", "plan"


def kind_of(urgency: Urgency = Urgency.NORMAL) -> NotificationType:
    found = notification_type(CODE)
    assert found is not None
    return replace(found, urgency=urgency)


@contextmanager
def declared(kind: NotificationType) -> Iterator[NotificationType]:
    """In the place of what has its code."""
    before = notifying._types[kind.code]
    notifying._types[kind.code] = kind
    try:
        yield kind
    finally:
        notifying._types[kind.code] = before


def prefer(member: Member, subject: str, is_on: bool, channel: str = "email", **more: bool) -> None:
    Preference.objects.create(member=member, subject=subject, channel=channel, is_on=is_on, **more)


def say(subject: str, is_on: bool, channel: str = "email", is_locked: bool = False) -> None:
    ChannelDefault.objects.create(
        subject=subject, channel=channel, is_on=is_on, is_locked=is_locked
    )


def timed(member: Member, **values: Any) -> Timing:
    found, _is_new = Timing.objects.update_or_create(member=member, defaults=values)
    return found


def reader_of(member: Member, zone: str = "UTC") -> Reader:
    return Reader(member.id, member.person_id, member.email, member.name, "en", zone)


EMAIL, IN_APP, PUSH = Channel.EMAIL, Channel.IN_APP, Channel.PUSH
