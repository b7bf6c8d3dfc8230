from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKeyState(models.TextChoices):
    """Derived from a key's times; see ApiKey.state."""

    ACTIVE = "active", _("Active")
    EXPIRING = "expiring", _("Expires soon")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")
