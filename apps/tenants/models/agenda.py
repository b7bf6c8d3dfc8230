"""When the next work of a kind is due in a tenant, so that nobody has to look into all of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.tenants.models.tenant import Tenant


class AgendaEntry(BaseModel):
    """kind: `app.thing`. due_at: not later than the work itself is; a sweep looks for what is due."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="agenda", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=40)
    due_at = models.DateTimeField(_("due"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="agenda_entry_once"),
        ]
        indexes = [models.Index(fields=["kind", "due_at"], name="agenda_due")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.tenant_id}"
