"""By which channels each reader is reached, when, and why."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.common.notifying import Channel, NotificationType, Urgency
from apps.notifications.audiences import Reader
from apps.notifications.channels import channel_of
from apps.notifications.choosing import NOTHING, choices_of, decide, defaults_of
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.hours import Clock, Hours
from apps.notifications.timing import hours_of

# What goes with the digest of those who have one.
DIGESTED = (Channel.EMAIL,)


@dataclass(frozen=True, slots=True)
class Planned:
    """state: PENDING; MERGED for what goes with the digest, due_at is then its own; SKIPPED for what is
    decided against. Of the inbox only what is not skipped is kept.
    """

    member_id: uuid.UUID
    channel: Channel
    state: DeliveryState
    reason: Reason
    due_at: datetime


def plan(kind: NotificationType, readers: Sequence[Reader], now: datetime) -> list[Planned]:
    """One for each reader and channel that the type can go by.

    Three statements, and one for each channel at most, however many readers.
    """
    own = choices_of([kind], [one.member_id for one in readers])
    defaults = defaults_of([kind])
    hours = {} if kind.urgency is Urgency.URGENT else hours_of(readers)
    clock = Clock.at(now)
    planned = []
    for channel in kind.possible:
        if channel is Channel.WEBHOOK:
            continue
        reachable = _reachable(channel, readers)
        for reader in readers:
            decided = decide(kind, channel, own.get(reader.member_id, NOTHING), defaults)
            state, reason, due_at = DeliveryState.PENDING, decided.reason, now
            if not decided.is_on:
                state = DeliveryState.SKIPPED
            elif reader.member_id not in reachable:
                state, reason = DeliveryState.SKIPPED, Reason.NO_ADDRESS
            elif channel is not Channel.IN_APP:
                found = hours.get(reader.member_id)
                state, reason, due_at = _when(channel, found, clock) or (state, reason, now)
                if reason is Reason.DEFAULT and kind.urgency is Urgency.URGENT:
                    reason = Reason.URGENT
            planned.append(Planned(reader.member_id, channel, state, reason, due_at))
    return planned


def _when(
    channel: Channel, hours: Hours | None, clock: Clock
) -> tuple[DeliveryState, Reason, datetime] | None:
    """None: at once."""
    if hours is None:
        return None
    if channel in DIGESTED and (at := clock.digest_at(hours)):
        return DeliveryState.MERGED, Reason.DIGEST, at
    if until := clock.quiet_end(hours):
        return DeliveryState.PENDING, Reason.QUIET_HOURS, until
    return None


def _reachable(channel: Channel, readers: Sequence[Reader]) -> set[uuid.UUID]:
    if channel is Channel.IN_APP:
        return {one.member_id for one in readers}
    adapter = channel_of(channel)
    return adapter.reachable(readers) if adapter else set()
