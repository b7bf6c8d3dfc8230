from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.ids import uuid7


class KeptAnswer(models.Model):
    """What a request by an Idempotency-Key was answered; for KEEP_FOR.

    tenant: None for what a person does in no workspace. caller: apps.common.api.idempotency.caller_of.
    status: None while it is being done by a lease, which is good until lease_until. body_encrypted: an answer
    may hold what is shown once, such as a new API key.
    """

    sees_rows_of_none = "What a person does in no workspace commits as the app, with its answer."

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created"))
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    caller = models.CharField(_("caller"), max_length=100)
    key = models.CharField(_("key"), max_length=200)
    fingerprint = models.BinaryField(_("fingerprint"), max_length=32)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    headers = models.JSONField(_("headers"), default=dict)
    body_encrypted = models.BinaryField(_("body"), default=b"")

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "caller", "key"], name="kept_answer_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(status__isnull=False) | models.Q(lease_until__isnull=False),
                name="kept_answer_or_lease",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_created")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
