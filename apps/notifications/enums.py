from django.db import models
from django.utils.translation import gettext_lazy as _


class ChannelName(models.TextChoices):
    """As apps.common.notifying.Channel, but for the inbox, whose rows are a table of their own."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PUSH = "push", _("Push")
    WEBHOOK = "webhook", _("Webhook")


class DeliveryState(models.TextChoices):
    """PENDING: waits for its time. SENDING: a worker has it. SENT: the provider took it. DELIVERED: it
    arrived.

    MERGED: it goes with a digest, whose state is the digest's own. BOUNCED: it came back. FAILED: given up.
    SKIPPED: never to be sent; the reason says why.
    """

    PENDING = "pending", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Not sent")
    MERGED = "merged", _("In a digest")


class Reason(models.TextChoices):
    """Why something is sent, waits, or is not sent: the trace."""

    DEFAULT = "default", _("By default")
    CHOSEN = "chosen", _("Chosen by the person")
    WORKSPACE = "workspace", _("Set by the workspace")
    LOCKED = "locked", _("Set by the workspace for everybody")
    URGENT = "urgent", _("Urgent")
    QUIET_HOURS = "quiet_hours", _("Waits for the end of quiet hours")
    DIGEST = "digest", _("Goes with the digest")
    TURNED_OFF = "turned_off", _("Turned off by the person")
    WORKSPACE_OFF = "workspace_off", _("Turned off by the workspace")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    NO_ADDRESS = "no_address", _("No address for it")
    SUPPRESSED = "suppressed", _("The address is on the suppression list")
    CAP_REACHED = "cap_reached", _("The limit is reached")
    REFUSED = "refused", _("The provider refused it")
    GIVEN_UP = "given_up", _("Tried for too long")
    GONE = "gone", _("The member has left, or the type is no more")


# Of these nothing more becomes by itself.
UNSENT = (DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.BOUNCED)
# What is not sent for these may be by now.
RETRIED_REASONS = (Reason.NO_ADDRESS, Reason.SUPPRESSED, Reason.CAP_REACHED)


class DigestPeriod(models.TextChoices):
    NEVER = "never", _("At once")
    HOURLY = "hourly", _("Once an hour")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week")


class DeviceKind(models.TextChoices):
    WEB = "web", _("Browser")
    ANDROID = "android", _("Android")
    IOS = "ios", _("iPhone or iPad")


class RemovalReason(models.TextChoices):
    """Why a device takes no push messages any more."""

    BY_MEMBER = "by_member", _("Removed by the member")
    OTHER_MEMBER = "other_member", _("Another member uses it now")
    GONE = "gone", _("Its push service does not know it any more")
    UNSEEN = "unseen", _("Not seen for a long time")
    TOO_MANY = "too_many", _("The member has newer ones")
    LEFT = "left", _("The member has left")
