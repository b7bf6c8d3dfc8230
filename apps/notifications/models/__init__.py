from apps.notifications.models.addresses import Phone, PushDevice, WebhookTarget
from apps.notifications.models.choices import ChannelDefault, Preference, TemplateOverride, Timing
from apps.notifications.models.notices import Delivery, Digest, InboxItem, Notification

__all__ = [
    "ChannelDefault",
    "Delivery",
    "Digest",
    "InboxItem",
    "Notification",
    "Phone",
    "Preference",
    "PushDevice",
    "TemplateOverride",
    "Timing",
    "WebhookTarget",
]
