from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind, Period

SMS = "notifications.sms_per_month"

ENTITLEMENTS = [
    Entitlement(
        SMS,
        _("Text messages"),
        _("Segments of text messages that are sent to members, codes among them, each month."),
        Kind.METERED,
        # Each costs: where no plan says more, it is few.
        default=20,
        unit=_("segments"),
        period=Period.MONTH,
        order=70,
    ),
]
