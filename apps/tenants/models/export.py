from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.tenants.enums import ExportStatus
from apps.tenants.models.tenant import Tenant


class Export(BaseModel):
    """An archive of everything that a tenant has, made by a worker and kept for some days."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="exports")
    status = models.CharField(
        _("status"), max_length=12, choices=ExportStatus, default=ExportStatus.QUEUED
    )
    requested_by = models.CharField(_("requested by"), max_length=254)
    tables_done = models.PositiveIntegerField(_("tables done"), default=0)
    tables_total = models.PositiveIntegerField(_("tables"), default=0)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    file = models.CharField(_("file"), max_length=300, blank=True)
    size_bytes = models.BigIntegerField(_("size"), null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="export_of_tenant"),
            models.Index(fields=["status", "expires_at"], name="export_due"),
        ]

    def __str__(self) -> str:
        return f"export of {self.created_at:%Y-%m-%d %H:%M}"
