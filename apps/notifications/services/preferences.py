"""What members choose to be told of, how and when; and refuse, by the link in a mail."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.common.notifying import Channel
from apps.events.services import publish
from apps.notifications.choosing import choices_of, decide, defaults_of
from apps.notifications.enums import DigestPeriod, Reason
from apps.notifications.events import PreferencesChanged, Unsubscribed
from apps.notifications.handing_out import SENDING
from apps.notifications.hours import Hours
from apps.notifications.matrix import MEMBERS_CHANNELS
from apps.notifications.models import Preference, Timing
from apps.notifications.subjects import Subject, subject_of
from apps.notifications.waiting import waiting_drop, waiting_move
from apps.organizations.models import Member
from apps.tenants.agenda import agenda_note


@dataclass(frozen=True, slots=True)
class Choice:
    """subject: the code of a type or a category. is_on: None leaves it to the workspace, or the category."""

    subject: str
    channel: str
    is_on: bool | None


@dataclass(frozen=True, slots=True)
class Times:
    """As a Timing's columns."""

    digest: str = DigestPeriod.NEVER
    hour: int = 8
    weekday: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None

    def __str__(self) -> str:
        weekly = f" on weekday {self.weekday}" if self.digest == DigestPeriod.WEEKLY else ""
        has_hour = self.digest in (DigestPeriod.DAILY, DigestPeriod.WEEKLY)
        digest = f"digest {self.digest}{weekly}{f' at {self.hour}' if has_hour else ''}"
        if self.quiet_from is None or self.quiet_until is None:
            return digest
        return f"{digest}, quiet {self.quiet_from:%H:%M}-{self.quiet_until:%H:%M}"


@transaction.atomic
def notification_preferences_set(
    *, actor: Actor, choices: Sequence[Choice] = (), times: Times | None = None
) -> bool:
    """Keep what the actor chooses for themselves; whether anything is other than before.

    What waits to be sent follows: what is turned off is dropped, what waited for the end of quiet hours or
    for the digest waits for the new one. times: None leaves them.
    Locks the member. Publishes notifications.preferences_changed.
    Raises NotFound for programs, InvalidInput.
    """
    member = _member_locked(actor.member_id)
    before, after = _choose(member, choices)
    if times is not None:
        was = _times_set(member, times)
        if was != times:
            before.append(str(was))
            after.append(str(times))
    if not after:
        return False
    publish(
        PreferencesChanged(
            member_id=member.id, from_choices=", ".join(before), to_choices=", ".join(after)
        ),
        actor=actor,
    )
    return True


@transaction.atomic
def notifications_unsubscribe(
    *, actor: Actor, member_id: uuid.UUID, categories: Sequence[str], means: str
) -> list[str]:
    """No more mails of these categories to a member, whatever was chosen or set; returns what is new.

    Also what waits is not sent. The member can turn them on again. actor: who has the link in the mail acts
    for the member, or the mail provider tells it. Locks the member.
    Publishes notifications.unsubscribed. Raises NotFound for who is no member any more.
    """
    member = _member_locked(member_id)
    refused = set(
        Preference.objects.filter(
            member=member, channel=Channel.EMAIL, subject__in=categories, is_unsubscribed=True
        ).values_list("subject", flat=True)
    )
    new = [one for one in categories if one not in refused]
    for category in new:
        subject = subject_of(category)
        if subject is None:
            raise NotFound
        _off_for_all(member, subject, Channel.EMAIL)
        _store(member, category, Channel.EMAIL, is_on=False, is_unsubscribed=True)
        waiting_drop(member.id, Channel.EMAIL, subject.codes, Reason.UNSUBSCRIBED)
    if new:
        publish(
            Unsubscribed(member_id=member.id, categories=",".join(new), means=means), actor=actor
        )
    return new


def _member_locked(member_id: uuid.UUID | None) -> Member:
    # Not against rows that point at it: who hands out has locked the digests, and writes those then.
    rows = Member.objects.select_for_update(no_key=True)
    member = rows.filter(id=member_id).first() if member_id else None
    if member is None:
        raise NotFound
    return member


def _choose(member: Member, choices: Sequence[Choice]) -> tuple[list[str], list[str]]:
    """What was chosen before, and is now, of what changes."""
    kept = {(one.subject, one.channel): one for one in Preference.objects.filter(member=member)}
    before, after = [], []
    for number, choice in enumerate(choices):
        subject = _checked(choice, f"preferences.{number}")
        was = kept.get((choice.subject, choice.channel))
        if (was.is_on if was else None) == choice.is_on:
            continue
        # Leaving it to the workspace, and taking a refusal back, is nobody's business.
        if choice.is_on is not None and not (was and was.is_unsubscribed):
            _require_unlocked(subject, choice, f"preferences.{number}")
        before.append(_text(choice.subject, choice.channel, was.is_on if was else None))
        after.append(_text(choice.subject, choice.channel, choice.is_on))
        if choice.is_on is None:
            Preference.objects.filter(
                member=member, subject=choice.subject, channel=choice.channel
            ).delete()
        else:
            _store(member, choice.subject, choice.channel, is_on=choice.is_on)
    if after:
        _drop_unwanted(member, choices)
    return before, after


def _text(subject: str, channel: str, is_on: bool | None) -> str:
    return f"{subject} {channel} {'default' if is_on is None else 'on' if is_on else 'off'}"


def _checked(choice: Choice, attr: str) -> Subject:
    subject = subject_of(choice.subject)
    if subject is None:
        raise InvalidInput.field(attr, _("There is no such type or category."), "unknown_subject")
    if choice.channel not in MEMBERS_CHANNELS or choice.channel not in subject.channels:
        raise InvalidInput.field(attr, _("It cannot go by this channel."), "unknown_channel")
    return subject


def _require_unlocked(subject: Subject, choice: Choice, attr: str) -> None:
    """A type's or, where all types of a category are locked, the category's."""
    defaults = defaults_of(subject.kinds)
    channel = Channel(choice.channel)
    able = [kind for kind in subject.kinds if channel in kind.possible]
    if all(decide(kind, channel, {}, defaults).is_locked for kind in able):
        raise InvalidInput.field(
            attr, _("This is set for everybody, and cannot be chosen."), "locked"
        )


def _drop_unwanted(member: Member, choices: Sequence[Choice]) -> None:
    """What waits of a type that is off now. Four statements, and one for each channel and reason."""
    subjects = [found for one in choices if (found := subject_of(one.subject)) is not None]
    kinds = {kind.code: kind for subject in subjects for kind in subject.kinds}
    own = choices_of(kinds.values(), [member.id]).get(member.id, {})
    defaults = defaults_of(kinds.values())
    off: dict[tuple[str, Reason], list[str]] = {}
    for channel in {Channel(one.channel) for one in choices} - {Channel.IN_APP}:
        for kind in kinds.values():
            decided = decide(kind, channel, own, defaults)
            if channel in kind.possible and not decided.is_on:
                off.setdefault((channel, decided.reason), []).append(kind.code)
    for (channel_code, reason), codes in off.items():
        waiting_drop(member.id, channel_code, codes, reason)


def _off_for_all(member: Member, subject: Subject, channel: Channel) -> None:
    """What was chosen for single types of a category gives way."""
    Preference.objects.filter(
        member=member, channel=channel, subject__in=subject.codes, is_on=True
    ).delete()


def _store(
    member: Member, subject: str, channel: str, *, is_on: bool, is_unsubscribed: bool = False
) -> None:
    Preference.objects.update_or_create(
        member=member,
        subject=subject,
        channel=channel,
        defaults={"is_on": is_on, "is_unsubscribed": is_unsubscribed},
    )


def _times_set(member: Member, times: Times) -> Times:
    """Those before. Raises InvalidInput."""
    _check_times(times)
    found = Timing.objects.filter(member=member).first()
    was = times_of(found)
    if was == times:
        return was
    values: Mapping[str, object] = {name: getattr(times, name) for name in Times.__slots__}
    Timing.objects.update_or_create(member=member, defaults=dict(values))
    zone = Person.objects.values_list("time_zone", flat=True).get(id=member.person_id)
    hours = Hours(
        zone, times.digest, times.hour, times.weekday, times.quiet_from, times.quiet_until
    )
    if (due_at := waiting_move(member.id, hours, timezone.now())) is not None:
        agenda_note(SENDING, due_at)
    return was


def times_of(timing: Timing | None) -> Times:
    if timing is None:
        return Times()
    return Times(*(getattr(timing, name) for name in Times.__slots__))


def _check_times(times: Times) -> None:
    if times.digest not in DigestPeriod.values:
        raise InvalidInput.field("digest", _("Choose one of those offered."))
    if not 0 <= times.hour < 24:
        raise InvalidInput.field("hour", _("Choose an hour from 0 to 23."))
    if not 0 <= times.weekday < 7:
        raise InvalidInput.field("weekday", _("Choose a day from 0 (Monday) to 6."))
    for name, other in (("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")):
        if getattr(times, name) is None and getattr(times, other) is not None:
            raise InvalidInput.field(name, _("Quiet hours have a beginning and an end."))
