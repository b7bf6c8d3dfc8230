from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.adoption.enums import PromptOutcome
from apps.common.models import BaseModel
from apps.organizations.models import Member

CODE_LENGTH = 80


class Prompt(BaseModel):
    """A member was asked something. It stands there until they answer, dismiss it, or it expires.

    outcome: `shown` until then. later_until: they want to be asked then; laters: how often they said so.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    survey = models.CharField(_("survey"), max_length=CODE_LENGTH)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=PromptOutcome, default=PromptOutcome.SHOWN
    )
    later_until = models.DateTimeField(_("again from"), null=True)
    laters = models.PositiveSmallIntegerField(_("put off"), default=0)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("question")
        constraints = [
            # One at a time.
            models.UniqueConstraint(
                fields=["member"], condition=Q(closed_at__isnull=True), name="prompt_open_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) ^ ~Q(outcome="shown"), name="prompt_closed"
            ),
        ]
        indexes = [models.Index(fields=["member", "-id"], name="prompt_of_member")]

    def __str__(self) -> str:
        return f"{self.survey}: {self.outcome}"
