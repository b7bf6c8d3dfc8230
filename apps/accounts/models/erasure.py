"""The erasure of a person, under way or done."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.person import Person
from apps.common.models import BaseModel


class Erasure(BaseModel):
    """A person who is to be forgotten, and how far that is.

    email_encrypted: their address, to find it and to tell them, until it is done; empty if it was not proved
    to be theirs. after_tenant_id: of the tenants, in the order of ids, those up to this one are done.
    """

    without_row_level_security = "about a person in all tenants; only the system reads it"

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="erasure")
    email_encrypted = models.BinaryField()
    requested_by = models.CharField(_("requested by"), max_length=254)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    after_tenant_id = models.UUIDField(_("tenants done up to"), null=True, blank=True)
    tenants_done = models.PositiveIntegerField(_("tenants done"), default=0)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasure")
        indexes = [models.Index(fields=["finished_at"], name="accounts_erasure_finished")]

    def __str__(self) -> str:
        return f"erasure of {self.person_id}"
