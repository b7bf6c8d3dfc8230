"""When the schedules of the settings are due. What they start is declared in code."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel


class Schedule(BaseModel):
    """One entry of CELERY_BEAT_SCHEDULE, with what operators changed and how it went last."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    # The operator's; None: as declared.
    interval_s = models.PositiveIntegerField(_("interval"), null=True)
    is_paused = models.BooleanField(_("paused"), default=False)
    pause_reason = models.CharField(_("reason of the pause"), max_length=500, blank=True)
    # Moved ahead for some seconds by whoever sends it: the claim.
    next_at = models.DateTimeField(_("next run"))
    last_sent_at = models.DateTimeField(_("last sent"), null=True)
    last_finished_at = models.DateTimeField(_("last finished"), null=True)
    last_duration_ms = models.PositiveIntegerField(_("duration of the last run"), null=True)
    # Of the last run that finished; empty: it succeeded.
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")

    def __str__(self) -> str:
        return self.name
