from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(StrEnum):
    """Whom an event is about."""

    USER = "user"
    ORGANIZATION = "organization"
    BILLING = "billing"
    SYSTEM = "system"


class HandlingState(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    DEAD = "dead", _("Dead letter")
    DISCARDED = "discarded", _("Discarded")


class DeadTaskState(models.TextChoices):
    DEAD = "dead", _("Dead")
    SENT = "sent", _("Sent again")
    DISCARDED = "discarded", _("Discarded")
