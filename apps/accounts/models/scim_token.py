"""Tokens by which tenants' identity providers keep people here (SCIM)."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel


class ScimToken(BaseModel):
    """One token of a tenant. Only the SHA-256 of the secret is kept, and its last characters to tell it by.

    A shared table under row-level security, and not one of the tenant's schema: exports and sandbox copies
    of the schema then cannot carry a credential. created_by: who made it, as history shows them.
    """

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="scim_tokens"
    )
    label = models.CharField(_("label"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    created_by = models.CharField(_("created by"), max_length=254)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("provisioning token")
        indexes = [models.Index(fields=["tenant", "id"], name="accounts_scimtoken_tenant")]

    def __str__(self) -> str:
        return self.label

    @property
    def is_good(self) -> bool:
        return self.is_good_at(timezone.now())

    def is_good_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
