"""What staff and operators do with the events themselves."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("events.handling_replayed", version=1, scope="system", aggregate="handler")
class HandlingReplayed(Event):
    """A dead letter goes to its handler again."""

    handler: str
    handling_id: uuid.UUID


@event("events.handlings_replayed", version=1, scope="system", aggregate="handler")
class HandlingsReplayed(Event):
    """Dead letters of a handler, or of all (`*`), go to their handlers again."""

    handler: str
    count: int


@event("events.handling_discarded", version=1, scope="system", aggregate="handler")
class HandlingDiscarded(Event):
    """A dead letter was given up for good."""

    handler: str
    handling_id: uuid.UUID
    reason: str


@event("events.group_replayed", version=1, scope="system", aggregate="group")
class GroupReplayed(Event):
    """What was published in a time goes to a group's handlers again, though they had it."""

    group: str
    since: datetime
    until: datetime
    count: int
