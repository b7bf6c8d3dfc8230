"""The keys that sign access tokens."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import SigningKeyState
from apps.common.models import BaseModel


class SigningKey(BaseModel):
    """An RSA key pair that signs access tokens from `signs_from` to `retired_at`.

    It is published before, so that verifiers know it in time, and after, until the last token that it
    signed has expired. A revoked key verifies nothing any more. The private half is empty once it is of
    no use.
    """

    kid = models.CharField(_("key id"), max_length=64, unique=True)
    private_key_encrypted = models.BinaryField()
    public_jwk = models.JSONField()
    signs_from = models.DateTimeField(_("signs from"), default=timezone.now, db_default=Now())
    retired_at = models.DateTimeField(_("signs until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("signing key")

    def __str__(self) -> str:
        return self.kid

    @property
    def verifies_until(self) -> datetime | None:
        """When the last token that it signed has expired; None while it is to sign."""
        if self.retired_at is None:
            return None
        return self.retired_at + timedelta(seconds=signing_key_fades_s())

    @property
    def state(self) -> SigningKeyState:
        now = timezone.now()
        if self.revoked_at is not None:
            return SigningKeyState.REVOKED
        if self.signs_from > now:
            return SigningKeyState.NEXT
        if self.retired_at is None or self.retired_at > now:
            return SigningKeyState.SIGNING
        fades_at = self.retired_at + timedelta(seconds=signing_key_fades_s())
        return SigningKeyState.RETIRED if fades_at <= now else SigningKeyState.VERIFYING


def signing_key_fades_s() -> int:
    """How long a key verifies after it has signed last.

    A process learns of its successor when it reads the keys again, so it may sign a little longer.
    """
    return settings.ACCESS_TOKEN_LIFETIME_S + settings.SIGNING_KEY_CACHE_S
