from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind

RETENTION = "audit.retention_days"

ENTITLEMENTS = [
    Entitlement(
        RETENTION,
        _("Audit log"),
        _("How long it can be searched. What is older is kept in archives that can be verified."),
        Kind.LIMIT,
        # Where no plan says otherwise.
        default=settings.AUDIT_RETENTION_DAYS or None,
        unit=_("days"),
        order=70,
    ),
]
