"""What staff want to put right, and cannot alone."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.credits.enums import AdjustmentState
from apps.credits.models.accounts import Account


class AdjustmentRequest(BaseModel):
    """amount_microcredits: below 0 for what is to be taken. credits_expire_at: of what is to be given.

    requested_by, decided_by: ids of staff, never the same. expires_at: until then it can be approved. Its id
    makes the key by which it is carried out once.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount_microcredits = models.BigIntegerField(_("amount"))
    credits_expire_at = models.DateTimeField(_("credits are good until"), null=True)
    reason = models.CharField(_("reason"), max_length=500)
    requested_by = models.UUIDField(_("requested by"))
    state = models.CharField(
        _("state"), max_length=8, choices=AdjustmentState, default=AdjustmentState.PENDING
    )
    expires_at = models.DateTimeField(_("expires"))
    decided_by = models.UUIDField(_("decided by"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("reason of the decision"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_microcredits=0), name="credits_adjustment_amount"
            ),
            models.CheckConstraint(
                condition=Q(state=AdjustmentState.PENDING, decided_at__isnull=True)
                | ~Q(state=AdjustmentState.PENDING) & Q(decided_at__isnull=False),
                name="credits_adjustment_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state=AdjustmentState.APPROVED, decided_by=models.F("requested_by")),
                name="credits_adjustment_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_microcredits} {self.state}"

    def is_open(self, now: datetime) -> bool:
        """Whether it can be approved."""
        return self.state == AdjustmentState.PENDING and self.expires_at > now
