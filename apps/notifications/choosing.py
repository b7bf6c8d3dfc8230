"""Whether somebody is told of a type by a channel: who decides, in which order.

The workspace for everybody, then the member for the type, the member for its category, the workspace for the
type, for its category, and last what the type declares. Whoever refused mails by the link in one gets none,
whatever is set for everybody: mail providers hold the sender to that (RFC 8058). A member does not turn off
the inbox for what is urgent.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.common.notifying import Channel, NotificationType, Urgency
from apps.notifications.enums import Reason
from apps.notifications.models import ChannelDefault, Preference


@dataclass(frozen=True, slots=True)
class Said:
    """is_final: of a workspace, for everybody; of a member, refused by the link in a mail."""

    is_on: bool
    is_final: bool = False


# By type or category, and channel.
Choices = Mapping[tuple[str, str], Said]
NOTHING: Choices = {}


@dataclass(frozen=True, slots=True)
class Decided:
    """reason: a Reason. is_locked: a member cannot choose otherwise."""

    is_on: bool
    reason: Reason
    is_locked: bool = False


def defaults_of(kinds: Iterable[NotificationType]) -> Choices:
    """What the workspace says of these. One statement."""
    rows = ChannelDefault.objects.filter(subject__in=_subjects(kinds))
    return {
        (subject, channel): Said(is_on, is_locked)
        for subject, channel, is_on, is_locked in rows.values_list(
            "subject", "channel", "is_on", "is_locked"
        )
    }


def choices_of(
    kinds: Iterable[NotificationType], member_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Choices]:
    """What members say of these, by the member's id. One statement."""
    rows = Preference.objects.filter(member_id__in=member_ids, subject__in=_subjects(kinds))
    found: dict[uuid.UUID, dict[tuple[str, str], Said]] = {}
    for member_id, subject, channel, is_on, is_unsubscribed in rows.values_list(
        "member_id", "subject", "channel", "is_on", "is_unsubscribed"
    ):
        found.setdefault(member_id, {})[subject, channel] = Said(is_on, is_unsubscribed)
    return dict(found)


def _subjects(kinds: Iterable[NotificationType]) -> set[str]:
    return {subject for kind in kinds for subject in (kind.code, kind.category)}


def decide(kind: NotificationType, channel: Channel, own: Choices, defaults: Choices) -> Decided:
    """own: the member's choices. No statement."""
    of_type, of_category = (kind.code, channel.value), (kind.category, channel.value)
    chosen = own.get(of_type) or own.get(of_category)
    if chosen is not None and chosen.is_final:
        return Decided(False, Reason.UNSUBSCRIBED)
    said = (defaults.get(of_type), defaults.get(of_category))
    locked = next((one for one in said if one is not None and one.is_final), None)
    if locked is not None:
        return Decided(
            locked.is_on, Reason.LOCKED if locked.is_on else Reason.WORKSPACE_OFF, is_locked=True
        )
    is_always = kind.urgency is Urgency.URGENT and channel is Channel.IN_APP
    if is_always and channel in kind.channels:
        return Decided(True, Reason.URGENT, is_locked=True)
    if chosen is not None:
        return Decided(chosen.is_on, Reason.CHOSEN if chosen.is_on else Reason.TURNED_OFF)
    default = said[0] or said[1]
    if default is not None:
        return Decided(default.is_on, Reason.WORKSPACE if default.is_on else Reason.WORKSPACE_OFF)
    return Decided(channel in kind.channels, Reason.DEFAULT)
