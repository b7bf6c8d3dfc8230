"""What people and workspaces chose, and what was done with what is sent."""

import uuid

from apps.events.registry import Event, event


@event("notifications.preferences_changed", version=1, scope="organization", aggregate="member_id")
class PreferencesChanged(Event):
    """A member's own choices. from_choices, to_choices: of those that changed, as `people email off`.

    `default` where it is left to the workspace; of the times as `digest daily at 8`, `quiet 22:00-07:00`.
    """

    member_id: uuid.UUID
    from_choices: str
    to_choices: str


@event("notifications.unsubscribed", version=1, scope="organization", aggregate="member_id")
class Unsubscribed(Event):
    """A member gets no mails of these categories any more. means: link, one_click, or provider.

    categories: their codes, apart by commas.
    """

    member_id: uuid.UUID
    categories: str
    means: str


@event("notifications.defaults_changed", version=1, scope="organization", aggregate="subject")
class DefaultsChanged(Event):
    """What the workspace says of a type, or a category: on, off, locked_on, locked_off, or default."""

    subject: str
    channel: str
    from_choice: str
    to_choice: str


@event("notifications.delivery_retried", version=1, scope="organization", aggregate="delivery_id")
class DeliveryRetried(Event):
    """What was not sent is tried again. reason: why it had not been: a Reason, or `bounced`.

    note: of staff.
    """

    delivery_id: uuid.UUID
    notification_id: uuid.UUID
    member_id: uuid.UUID | None
    channel: str
    reason: str
    note: str
