"""What tenants have of the catalogue, and what they have besides. Read by them, written by the system."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.billing.models.catalogue import AddOn, PlanVersion
from apps.common.models import BaseModel


class TenantPlan(BaseModel):
    """The plan that a tenant has; without a row, none, and every entitlement is at its default.

    period_anchor_at: billing periods begin on its day of the month. is_comp: given, not paid for.
    allowance_at: when credits are to be granted, or looked for, next; None: the plan gives none.
    actor: who assigned it, why: reason, both for staff alone.
    """

    tenant = models.OneToOneField(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="assigned_plan"
    )
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="tenants")
    since = models.DateTimeField(_("since"))
    period_anchor_at = models.DateTimeField(_("periods begin"))
    allowance_at = models.DateTimeField(null=True, db_default=Now())
    is_comp = models.BooleanField(_("free of charge"), default=False)
    actor = models.CharField(_("assigned by"), max_length=254)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("plan of a tenant")
        verbose_name_plural = _("plans of tenants")
        indexes = [
            models.Index(
                fields=["allowance_at"],
                name="tenant_plan_allowance_due",
                condition=Q(allowance_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.plan_version)


class TenantAddOn(BaseModel):
    """How many of an add-on a tenant has. paid_quantity: those among them that its subscription pays for."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="add_ons")
    add_on = models.ForeignKey(AddOn, on_delete=models.PROTECT, related_name="tenants")
    quantity = models.PositiveIntegerField(_("quantity"))
    paid_quantity = models.PositiveIntegerField(_("paid for"), default=0, db_default=0)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("add-on of a tenant")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "add_on"], name="tenant_add_on_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="tenant_add_on_quantity"),
            models.CheckConstraint(
                condition=Q(paid_quantity__lte=models.F("quantity")), name="tenant_add_on_paid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.add_on}"


class EntitlementOverride(BaseModel):
    """What a tenant has of one entitlement instead of what its plan says, until it expires."""

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="entitlement_overrides"
    )
    code = models.CharField(_("entitlement"), max_length=80)
    value = models.BigIntegerField(_("value"), null=True, blank=True)
    is_soft = models.BooleanField(_("soft"), default=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    actor = models.CharField(_("set by"), max_length=254)
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("override")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="entitlement_override_once"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gte=0), name="entitlement_override_value"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="entitlement_override_reason"),
        ]

    def __str__(self) -> str:
        return self.code
