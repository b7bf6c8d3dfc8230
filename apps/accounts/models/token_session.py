"""Sign-ins by API and their refresh tokens."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import RevokedReason
from apps.accounts.models.person import Person
from apps.common.models import BaseModel


class TokenSession(BaseModel):
    """A sign-in by API: the family of refresh tokens that descend from one password entry.

    tenant: the only tenant that its tokens are good for; None: any that the person belongs to.
    """

    without_row_level_security = "a person's rows, found by a secret before any tenant is known"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="token_sessions")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # How the sign-in was proved (SignInMethods), and when last; null: before anybody recorded it.
    methods: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[]
    )
    proved_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=32, choices=RevokedReason.choices, blank=True)

    class Meta:
        verbose_name = _("token session")
        indexes = [
            models.Index(fields=["person", "id"], name="accounts_toksess_person"),
            models.Index(fields=["expires_at"], name="accounts_toksess_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} since {self.created_at:%Y-%m-%d}"

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class RefreshToken(BaseModel):
    """One link of a session's chain. Only the SHA-256 of the token is kept."""

    session = models.ForeignKey(
        TokenSession, on_delete=models.CASCADE, related_name="refresh_tokens"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")

    def __str__(self) -> str:
        return f"refresh token of {self.session_id}"
