"""By which channels each reader is reached, when, and why."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.common.notifying import Channel, NotificationType
from apps.notifications.audiences import Reader
from apps.notifications.channels import channel_of
from apps.notifications.enums import DeliveryState, Reason


@dataclass(frozen=True, slots=True)
class Planned:
    """state: PENDING, or SKIPPED for what is decided against. Of the inbox, what is skipped is not kept."""

    member_id: uuid.UUID
    channel: Channel
    state: DeliveryState
    reason: Reason
    due_at: datetime


def plan(kind: NotificationType, readers: Sequence[Reader], now: datetime) -> list[Planned]:
    """One for each reader and channel that the type can go by. A statement a channel at most."""
    planned = []
    for channel in kind.possible:
        if channel is Channel.WEBHOOK:
            continue
        reachable = _reachable(channel, readers)
        for reader in readers:
            state, reason = _decide(kind, channel, reader.member_id in reachable)
            planned.append(Planned(reader.member_id, channel, state, reason, now))
    return planned


def _reachable(channel: Channel, readers: Sequence[Reader]) -> set[uuid.UUID]:
    if channel is Channel.IN_APP:
        return {one.member_id for one in readers}
    adapter = channel_of(channel)
    return adapter.reachable(readers) if adapter else set()


def _decide(
    kind: NotificationType, channel: Channel, is_reachable: bool
) -> tuple[DeliveryState, Reason]:
    if channel not in kind.channels:
        return DeliveryState.SKIPPED, Reason.DEFAULT
    if not is_reachable:
        return DeliveryState.SKIPPED, Reason.NO_ADDRESS
    return DeliveryState.PENDING, Reason.DEFAULT
