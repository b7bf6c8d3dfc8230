"""What can be chosen, what is, and what comes of it: for members, and for the workspace."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.notifying import Channel, NotificationType, Urgency, notification_types
from apps.notifications.channels import channel_of
from apps.notifications.choosing import Choices, choices_of, decide, defaults_of
from apps.notifications.enums import ChannelName, Reason
from apps.notifications.subjects import Subject, category_subjects, subject_of

# By which members are reached, in the order in which they are shown.
MEMBERS_CHANNELS = (Channel.IN_APP, Channel.EMAIL, Channel.PUSH, Channel.SMS)


@dataclass(frozen=True, slots=True)
class Cell:
    """A type or a category, and a channel.

    chosen: None where nothing is. otherwise: what holds without that; None where the types of a category
    differ. is_on: what holds; None likewise. is_locked: a member cannot choose; reason: a Reason, then why.
    is_possible: it can go by that channel at all. is_final: of the workspace's choice, for everybody.
    """

    subject: str
    channel: Channel
    is_possible: bool
    chosen: bool | None = None
    otherwise: bool | None = None
    is_on: bool | None = None
    is_locked: bool = False
    is_final: bool = False
    reason: Reason = Reason.DEFAULT

    @property
    def name(self) -> str:
        """Of its field in a form."""
        return f"{self.subject}:{self.channel.value}"

    @property
    def is_urgent_always(self) -> bool:
        return self.is_locked and self.reason is Reason.URGENT

    @property
    def is_unsubscribed(self) -> bool:
        return self.reason is Reason.UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Line:
    """A type, or a category with the lines of its types. cells: in the order of the channels."""

    subject: Subject
    cells: tuple[Cell, ...]
    types: tuple["Line", ...] = ()

    @property
    def is_urgent(self) -> bool:
        return all(kind.urgency is Urgency.URGENT for kind in self.subject.kinds)

    @property
    def is_chosen_below(self) -> bool:
        """Something is chosen for one of its types."""
        return any(cell.chosen is not None for line in self.types for cell in line.cells)


def channels_shown() -> list[Channel]:
    """Those of members' that something sends by, and some type can go by."""
    used = {channel for kind in notification_types().values() for channel in kind.possible}
    return [
        one
        for one in MEMBERS_CHANNELS
        if one in used and (one is Channel.IN_APP or channel_of(one) is not None)
    ]


def channel_label(channel: Channel) -> str:
    return "Inbox" if channel is Channel.IN_APP else str(ChannelName(channel.value).label)


def preferences_matrix(actor: Actor) -> list[Line]:
    """What the actor has chosen. Two statements. Raises NotFound for programs."""
    if actor.member_id is None:
        raise NotFound
    kinds = notification_types().values()
    own = choices_of(kinds, [actor.member_id]).get(actor.member_id, {})
    defaults = defaults_of(kinds)
    return _lines(lambda subject, channel: _members_cell(subject, channel, own, defaults))


def defaults_matrix() -> list[Line]:
    """What the workspace says. One statement."""
    defaults = defaults_of(notification_types().values())
    return _lines(lambda subject, channel: _workspace_cell(subject, channel, defaults))


def _lines(cell: Callable[[Subject, Channel], Cell]) -> list[Line]:
    channels = channels_shown()

    def line(subject: Subject, types: Iterable[Subject] = ()) -> Line:
        cells = tuple(cell(subject, channel) for channel in channels)
        return Line(subject, cells, tuple(line(one) for one in types))

    return [
        line(category, [found for code in category.codes if (found := subject_of(code))])
        for category in category_subjects()
    ]


def _able(subject: Subject, channel: Channel) -> list[NotificationType]:
    return [kind for kind in subject.kinds if channel in kind.possible]


def _members_cell(subject: Subject, channel: Channel, own: Choices, defaults: Choices) -> Cell:
    able = _able(subject, channel)
    if not able:
        return Cell(subject.code, channel, is_possible=False)
    decided = [decide(kind, channel, own, defaults) for kind in able]
    without = _without(own, subject, channel)
    otherwise = [decide(kind, channel, without, defaults) for kind in able]
    chosen = own.get((subject.code, channel.value))
    return Cell(
        subject.code,
        channel,
        is_possible=True,
        chosen=chosen.is_on if chosen else None,
        otherwise=_all([one.is_on for one in otherwise]),
        is_on=_all([one.is_on for one in decided]),
        is_locked=all(one.is_locked for one in decided),
        reason=decided[0].reason,
    )


def _workspace_cell(subject: Subject, channel: Channel, defaults: Choices) -> Cell:
    able = _able(subject, channel)
    if not able:
        return Cell(subject.code, channel, is_possible=False)
    without = _without(defaults, subject, channel)
    chosen = defaults.get((subject.code, channel.value))
    return Cell(
        subject.code,
        channel,
        is_possible=True,
        chosen=chosen.is_on if chosen else None,
        otherwise=_all([decide(kind, channel, {}, without).is_on for kind in able]),
        is_on=_all([decide(kind, channel, {}, defaults).is_on for kind in able]),
        is_final=bool(chosen and chosen.is_final),
    )


def _without(choices: Choices, subject: Subject, channel: Channel) -> Choices:
    """As if nothing were chosen for it, nor, of a category, for its types."""
    left_out = {subject.code, *subject.codes}
    return {
        key: said
        for key, said in choices.items()
        if not (key[0] in left_out and key[1] == channel.value)
    }


def _all(flags: Sequence[bool]) -> bool | None:
    return flags[0] if len(set(flags)) == 1 else None
