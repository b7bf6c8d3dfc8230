from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.common.api.limits import REQUESTS
from apps.common.entitlements import Entitlement, Kind

ENTITLEMENTS = [
    Entitlement(
        REQUESTS,
        _("API requests"),
        _("What each member and each API key may send to the API in 15 minutes."),
        Kind.LIMIT,
        default=settings.API_REQUESTS_PER_15_MINUTES,
        unit=_("requests in 15 minutes"),
        order=37,
    ),
]
