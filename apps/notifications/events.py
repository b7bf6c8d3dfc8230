"""What becomes of the devices that members are reached at. Never with an address or a token."""

import uuid

from apps.events.registry import Event, event


@event("notifications.push_device_added", version=1, scope="user", aggregate="device_id")
class PushDeviceAdded(Event):
    """A browser or an app takes push messages for a member from now on. kind: web, android or ios."""

    device_id: uuid.UUID
    member_id: uuid.UUID
    kind: str
    label: str


@event("notifications.push_device_removed", version=1, scope="user", aggregate="device_id")
class PushDeviceRemoved(Event):
    """It takes none any more. reason: a RemovalReason."""

    device_id: uuid.UUID
    member_id: uuid.UUID
    kind: str
    label: str
    reason: str
