from django.utils.translation import gettext_lazy as _

from apps.common.flags import Flag, declare_flags

SMS_CODES = "notifications.sms_codes"

declare_flags(
    Flag(
        code=SMS_CODES,
        label=_("Codes by text message"),
        description=_("Members add a number for text messages. Off while the provider is away."),
        default=True,
        degrades_with="sms.twilio",
        is_for_clients=True,
    )
)
