from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.tenants.models.tenant import Tenant


class Domain(BaseModel):
    """A host name that leads to a tenant once it is verified; until then, a claim that anybody may make.

    Subdomains of the base domain are ours and verified from the start. Another name is verified by a TXT
    record that holds `token`; the check can be run again, and `check_error` says what it found missing.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253)
    token = models.CharField(_("proof"), max_length=64, blank=True, default="", db_default="")
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)
    check_error = models.CharField(
        _("found at the last check"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(domain__regex=r"^[a-z0-9.-]+$"), name="domain_is_lower_case_host"
            ),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(verified_at__isnull=False),
                name="domain_verified_once",
            ),
            models.UniqueConstraint(fields=["tenant", "domain"], name="domain_claimed_once"),
        ]

    def __str__(self) -> str:
        return self.domain
