from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.tenants.models import Tenant


class BillingCustomer(BaseModel):
    """Which customer of Stripe a tenant is. The row is there before Stripe is asked: its id is the key
    by which Stripe knows a second request for the first.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="billing_customer")
    # None until Stripe has answered: several may wait for that, and the id is nobody else's.
    stripe_id = models.CharField(_("Stripe id"), max_length=255, null=True, unique=True)  # noqa: DJ001
    # ISO 4217, lower case as at Stripe; empty until the first price is chosen.
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    email = models.CharField(_("e-mail address"), max_length=512, blank=True)
    name = models.CharField(_("name"), max_length=256, blank=True)

    # By the names of stripe_shapes.ADDRESS; what is not said is left out.
    address = models.JSONField(_("address"), default=dict, db_default={}, blank=True)
    # Whom we send receipts besides.
    extra_emails = ArrayField(
        models.CharField(max_length=254),
        verbose_name=_("also to"),
        default=list,
        db_default=[],
        blank=True,
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return self.stripe_id or f"{self.tenant_id} (not at Stripe yet)"
