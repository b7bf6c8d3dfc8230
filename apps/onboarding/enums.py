from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    """Whose a workflow is: one for the whole workspace, or one for each member."""

    TENANT = "tenant", _("Workspace")
    MEMBER = "member", _("Person")


class StepStatus(models.TextChoices):
    """Blocked: a step that it builds on is neither done nor skipped. Only the others are stored."""

    OPEN = "open", _("Open")
    BLOCKED = "blocked", _("Waiting")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")


SETTLED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
