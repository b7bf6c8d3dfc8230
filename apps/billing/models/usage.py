"""What tenants have used of what is metered."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel


class UsageRecord(BaseModel):
    """One use, counted once by its key. Kept for as long as it could be told of again."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    code = models.CharField(_("entitlement"), max_length=80)
    key = models.CharField(_("key"), max_length=100)
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("use")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code", "key"], name="usage_record_once"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="usage_record_amount"),
        ]
        indexes = [models.Index(fields=["created_at"], name="usage_record_age")]

    def __str__(self) -> str:
        return f"{self.code} {self.key}"


class UsageCounter(BaseModel):
    """The sum of a period. period_start: its first moment (UTC)."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    code = models.CharField(_("entitlement"), max_length=80)
    period_start = models.DateTimeField(_("period"))
    used = models.BigIntegerField(_("used"))

    class Meta:
        verbose_name = _("usage of a period")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "code", "period_start"], name="usage_counter_once"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="usage_counter_used"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.period_start:%Y-%m-%d}"
