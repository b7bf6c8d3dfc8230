from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKeyState(models.TextChoices):
    """Derived from a key's times; see ApiKey.state."""

    ACTIVE = "active", _("Active")
    EXPIRING = "expiring", _("Expires soon")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


class SourceKind(models.TextChoices):
    """How a role comes to hold a permission."""

    OWN = "own", _("its own")
    IMPLIED = "implied", _("implied")
    INCLUDED = "included", _("included")


class HeldBy(models.TextChoices):
    """Which of two compared roles hold a permission."""

    A = "a", _("the first")
    B = "b", _("the second")
    BOTH = "both", _("both")
