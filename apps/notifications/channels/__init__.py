"""What sends: an adapter for each channel but the inbox, each a thin layer over a provider.

An adapter raises what apps.messaging.errors names: Suppressed, Refused, Unavailable; and Skipped. `find`
raises CannotTell.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured

from apps.common.notifying import Category, Channel, NotificationType
from apps.messaging.senders import Sent
from apps.notifications.audiences import Reader
from apps.notifications.content import Content
from apps.notifications.enums import Reason
from apps.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Part:
    """A notification of several in one message."""

    category: Category
    kind: NotificationType
    content: Content


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one reader. id: of the delivery, or of the digest; a provider that can be told it
    tells it back.

    reader: None for the workspace's webhook. since: no provider had it before. parts: of a digest, by
    category, of which there may be more: count; the content is then of them all, kind of the first. A digest
    of one has no parts, and is as if it were sent by itself.
    """

    id: uuid.UUID
    tenant: Tenant
    reader: Reader | None
    kind: NotificationType
    content: Content
    since: datetime
    parts: tuple[Part, ...] = ()
    count: int = 1

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.parts) if self.parts else 0


class Skipped(Exception):
    """It is not sent, and will not be: final. reason: for the trace."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail or reason)


class ChannelAdapter(Protocol):
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        """Ids of those members who have an address for it. Two statements at most."""

    def send(self, message: Message) -> Sent:
        """Hand it over. No transaction is open."""

    def find(self, message: Message) -> Sent | None:
        """Whether the provider has it already: asked after a crash, before it is sent again."""


_adapters: dict[Channel, ChannelAdapter] = {}


def register_channel(channel: Channel, adapter: ChannelAdapter) -> None:
    """Called once at start. Raises ImproperlyConfigured for a second one."""
    if type(_adapters.setdefault(channel, adapter)) is not type(adapter):
        raise ImproperlyConfigured(f"two adapters send by {channel}")


def channel_of(channel: Channel | str) -> ChannelAdapter | None:
    """None for a channel that nothing sends by."""
    return _adapters.get(Channel(channel))
