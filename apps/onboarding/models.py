from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.onboarding.enums import StepStatus
from apps.organizations.models import Member

CODE_LENGTH = 80


class WorkflowRun(BaseModel):
    """A workflow under way: of the workspace, or of a member.

    version: of its declaration as it was last looked at; begun_version: as it began, by which it is
    counted. progressed_at: when a step was last done or skipped. nudges: how often somebody was reminded.
    is_counted: it is in the funnel as complete.
    """

    workflow = models.CharField(_("workflow"), max_length=CODE_LENGTH)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField(_("version"))
    begun_version = models.PositiveIntegerField(_("began with version"))
    progressed_at = models.DateTimeField(_("last progress"), default=timezone.now)
    completed_at = models.DateTimeField(_("completed"), null=True)
    nudges = models.PositiveSmallIntegerField(_("reminders"), default=0)
    is_counted = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("workflow")
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "member"], name="workflow_run_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(
                fields=["progressed_at"],
                name="workflow_run_open",
                condition=Q(completed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.workflow


class StepState(BaseModel):
    """What was decided about a step. A step without a row is open.

    decided_at: when it was done or skipped. person_id: by whom; None where nobody did it in person.
    is_counted: it is in the funnel as done.
    """

    run = models.ForeignKey(
        WorkflowRun, on_delete=models.CASCADE, related_name="states", db_index=False
    )
    step = models.CharField(_("step"), max_length=CODE_LENGTH)
    status = models.CharField(_("status"), max_length=8, choices=StepStatus)
    decided_at = models.DateTimeField(_("decided"))
    person_id = models.UUIDField(_("person"), null=True)
    is_counted = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("step")
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="step_state_once"),
            models.CheckConstraint(
                # Not by IN, which a clone would spell otherwise.
                condition=Q(status="open") | Q(status="done") | Q(status="skipped"),
                name="step_state_stored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.status}"


class Dismissal(BaseModel):
    """A member wants to see the checklist no longer. It goes on."""

    run = models.ForeignKey(
        WorkflowRun, on_delete=models.CASCADE, related_name="dismissals", db_index=False
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("dismissed checklist")
        constraints = [
            models.UniqueConstraint(fields=["run", "member"], name="dismissal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} by {self.member_id}"
