"""What becomes of notifications when a workspace is copied for a sandbox: what was told is left out."""

from apps.notifications.models import (
    ChannelDefault,
    Delivery,
    Digest,
    InboxItem,
    Notification,
    Phone,
    Preference,
    PushDevice,
    TemplateOverride,
    Timing,
    WebhookTarget,
)
from apps.tenants.masking import register_left_out, register_masks


def register() -> None:
    for model in (Notification, InboxItem, Digest, Delivery, Phone, PushDevice, WebhookTarget):
        register_left_out(model)
    register_masks(Preference, kept=("subject", "channel"))
    register_masks(ChannelDefault, kept=("subject", "channel"))
    register_masks(Timing, kept=("quiet_from", "quiet_until"))
    register_masks(TemplateOverride, kept=("kind", "language", "title", "body", "action"))
