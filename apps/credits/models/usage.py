"""Which usage events were taken, so that none counts twice."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UsageEvent(models.Model):
    """An event of a batch that was spent. Kept for as long as it could come again.

    id: made from event_id, which is what its sender calls it (usage_events.id_of). fingerprint: of all that
    was sent with it. transaction_id: the debit that it is a part of, which says where and by whom.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    event_id = models.CharField(_("event"), max_length=200)
    fingerprint = models.UUIDField(editable=False)
    transaction_id = models.UUIDField(editable=False)
    amount_microcredits = models.BigIntegerField(_("amount"))
    occurred_at = models.DateTimeField(_("time"))
    created_at = models.DateTimeField(_("received"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_microcredits__gt=0), name="credits_usage_event_amount"
            ),
        ]
        # In the order of coming, as the rows are: a few pages, where a tree would cost each event.
        indexes = [BrinIndex(fields=["created_at"], name="credits_usage_event_received")]

    def __str__(self) -> str:
        return self.event_id
