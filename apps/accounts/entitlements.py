from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind

SINGLE_SIGN_ON = "accounts.single_sign_on"

ENTITLEMENTS = [
    Entitlement(
        SINGLE_SIGN_ON,
        _("Single sign-on"),
        _("People sign in by the company's identity provider."),
        Kind.BOOLEAN,
        default=True,
        order=60,
    ),
]
