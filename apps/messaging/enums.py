from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class SuppressionReason(models.TextChoices):
    BOUNCED = "bounced", _("Bounced for good")
    COMPLAINED = "complained", _("Reported as spam")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    MANUAL = "manual", _("By staff")


class Tracked(models.TextChoices):
    """What became of a message, in anymail's words, for SMS too.

    DELIVERED, BOUNCED, REJECTED and FAILED are the end of its way; the last three may follow the first.
    """

    SENT = "sent", _("Sent")
    DEFERRED = "deferred", _("Delayed")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    REJECTED = "rejected", _("Rejected by the provider")
    FAILED = "failed", _("Failed")
    COMPLAINED = "complained", _("Reported as spam")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    SUBSCRIBED = "subscribed", _("Subscribed again")
