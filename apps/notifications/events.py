"""What people and workspaces choose, and what was done with what is sent. No texts, numbers or secrets."""

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


@event("notifications.template_changed", version=1, scope="organization", aggregate="template_id")
class TemplateChanged(Event):
    """A workspace has words of its own for a type of notifications. kind: its code."""

    template_id: uuid.UUID
    kind: str
    language: str


@event("notifications.template_reset", version=1, scope="organization", aggregate="template_id")
class TemplateReset(Event):
    """The platform's words hold again."""

    template_id: uuid.UUID
    kind: str
    language: str


@event("notifications.webhook_set", version=1, scope="organization", aggregate="webhook_id")
class WebhookSet(Event):
    """Where notifications are posted to. categories: their codes, with spaces between; empty: all."""

    webhook_id: uuid.UUID
    url: str
    categories: str
    is_on: bool


@event(
    "notifications.webhook_secret_rotated", version=1, scope="organization", aggregate="webhook_id"
)
class WebhookSecretRotated(Event):
    webhook_id: uuid.UUID


@event("notifications.webhook_removed", version=1, scope="organization", aggregate="webhook_id")
class WebhookRemoved(Event):
    webhook_id: uuid.UUID


@event("notifications.webhook_disabled", version=1, scope="organization", aggregate="webhook_id")
class WebhookDisabled(Event):
    """Nothing is posted there any more: it failed for `days` days, or said that it is gone (0 days)."""

    webhook_id: uuid.UUID
    host: str
    days: int
    error: str


@event("notifications.phone_verified", version=1, scope="organization", aggregate="member_id")
class PhoneVerified(Event):
    """A member gets text messages at a number from now on."""

    member_id: uuid.UUID


@event("notifications.phone_removed", version=1, scope="organization", aggregate="member_id")
class PhoneRemoved(Event):
    member_id: uuid.UUID


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
