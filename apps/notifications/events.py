"""What workspaces choose, as others and the audit log hear of it. No texts, numbers or secrets in them."""

import uuid

from apps.events.registry import Event, event


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
