"""A notification that goes to everybody by three channels, and how a process reaches the sandbox."""

import os
from urllib.parse import urlsplit

from django.conf import settings

from apps.common.notifying import Channel, Everyone, NotificationType, register_notifications
from apps.sandbox.messaging import keys
from apps.sandbox.push.keys import vapid_private_key

CODE = "tests.alarm"
LEASE_S = 15

register_notifications(
    NotificationType(
        code=CODE,
        label="Alarm",
        category="plan",
        event="billing.limit_neared",
        audience=Everyone(),
        title="{{ used }} of {{ code }}",
        channels=(Channel.IN_APP, Channel.EMAIL, Channel.SMS, Channel.PUSH),
        tells_actor=True,
    )
)


def reach(url: str) -> None:
    """Send by the sandbox's Mailgun, Twilio and push service at this address."""
    settings.NOTIFICATIONS_LEASE_S = LEASE_S
    settings.EMAIL_PROVIDER = "mailgun"
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILGUN_API_KEY": keys.MAILGUN_KEY,
        "MAILGUN_API_URL": f"{url}/sandbox/mailgun/v3",
        "MAILGUN_SENDER_DOMAIN": keys.MAILGUN_DOMAIN,
    }
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = keys.TWILIO_SID, keys.TWILIO_TOKEN
    settings.TWILIO_SENDER, settings.TWILIO_API_URL = "+15005550006", f"{url}/sandbox/twilio"
    settings.WEB_PUSH_PRIVATE_KEY = vapid_private_key()
    settings.PUSH_INTERNAL_HOSTS = [urlsplit(url).netloc]


if "ALARMS_URL" in os.environ:
    reach(os.environ["ALARMS_URL"])
