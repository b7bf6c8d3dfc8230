"""Sign-ins by browser. What a session holds is in Redis; the row is what people see of it and end it by."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import RevokedReason
from apps.accounts.models.person import Person
from apps.common.models import BaseModel


class BrowserSession(BaseModel):
    """A session of one host. Only the SHA-256 of its key is kept.

    parent: the session of the public host that this one of a workspace's host came from.
    impersonator: the staff who act for the person, whose session the parent is; reason: why.
    tenant, host: the workspace, and which of its hosts; None and empty for the public host.
    """

    without_row_level_security = "a person's rows, in whichever workspaces they are signed in"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="browser_sessions")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="workspace_sessions"
    )
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True)
    host = models.CharField(max_length=253, blank=True)
    impersonator = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,  # the few rows that have one have an index of their own
        related_name="impersonations",
    )
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    key_hash = models.CharField(max_length=64, unique=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=32, choices=RevokedReason.choices, blank=True)

    class Meta:
        verbose_name = _("browser session")
        indexes = [
            models.Index(fields=["person", "id"], name="accounts_browser_person"),
            models.Index(fields=["expires_at"], name="accounts_browser_expires"),
            models.Index(
                fields=["impersonator"],
                name="accounts_browser_impersonator",
                condition=models.Q(impersonator__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} since {self.created_at:%Y-%m-%d}"

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now
