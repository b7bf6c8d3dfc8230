from django.db import models
from django.utils.translation import gettext_lazy as _


class FlagMode(models.TextChoices):
    """apps.common.flags.Mode, with words."""

    AS_DECLARED = "as_declared", _("As the code declares it")
    OFF = "off", _("Off for everybody")
    ON = "on", _("On for everybody")
    TARGETED = "targeted", _("On for some plans and a share of the rest")


class SurveyKind(models.TextChoices):
    """nps: 0 to 10, how likely somebody is to recommend it. csat: 1 to 5, how satisfied they are."""

    NPS = "nps", _("NPS")
    CSAT = "csat", _("CSAT")


class SurveyTrigger(models.TextChoices):
    """What has to have happened before somebody is asked."""

    AFTER_DAYS = "after_days", _("So many days after they joined")
    AFTER_USE = "after_use", _("After they used a feature")
    ON_PAGE = "on_page", _("On a page")


class PromptOutcome(models.TextChoices):
    """What became of a question that somebody was asked; also what is counted."""

    SHOWN = "shown", _("Shown")
    ANSWERED = "answered", _("Answered")
    DISMISSED = "dismissed", _("Dismissed")
    EXPIRED = "expired", _("Not answered")


class FunnelOutcome(models.TextChoices):
    """What is counted of a workflow, and of its steps."""

    STARTED = "started", _("Started")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")
