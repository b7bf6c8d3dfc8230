from django.db import models
from django.utils.translation import gettext_lazy as _


class StripeEventState(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    DEAD = "dead", _("Failed")
    DISCARDED = "discarded", _("Discarded")
