from django.db import models
from django.utils.translation import gettext_lazy as _


class MemberStatus(models.TextChoices):
    """Removed members stay as rows, because history points at them."""

    ACTIVE = "active", _("Active")
    DEACTIVATED = "deactivated", _("Deactivated")
    REMOVED = "removed", _("Removed")


class InvitationStatus(models.TextChoices):
    """Derived from an invitation's times; see Invitation.status."""

    PENDING = "pending", _("Pending")
    ACCEPTED = "accepted", _("Accepted")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", _("Expired")


class JoinRequestStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")


class BindingState(models.TextChoices):
    """Derived from a binding's times; see RoleBinding.state."""

    SCHEDULED = "scheduled", _("Scheduled")
    ACTIVE = "active", _("Active")
    ENDED = "ended", _("Ended")
