"""Start-up checks: what is named exists, and has what it needs."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from apps.messaging.providers import EMAIL

# Of each provider the variables that it cannot do without, and what they are in the settings.
NEEDED = {
    "sendgrid": {"SENDGRID_API_KEY": "SENDGRID_API_KEY"},
    "mailgun": {"MAILGUN_API_KEY": "MAILGUN_API_KEY", "MAILGUN_DOMAIN": "MAILGUN_SENDER_DOMAIN"},
}
TELLING = {
    "sendgrid": ("SENDGRID_WEBHOOK_PUBLIC_KEY", "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"),
    "mailgun": ("MAILGUN_WEBHOOK_KEY", "MAILGUN_WEBHOOK_SIGNING_KEY"),
}


@register("messaging")
def email_providers_are_known(**_kwargs: Any) -> list[CheckMessage]:
    chosen = {
        "EMAIL_PROVIDER": settings.EMAIL_PROVIDER,
        "EMAIL_FALLBACK_PROVIDER": settings.EMAIL_FALLBACK_PROVIDER or settings.EMAIL_PROVIDER,
    }
    found: list[CheckMessage] = [
        Error(
            f"{variable} is {name!r}, which is no provider of e-mail.",
            hint=f"Use one of {', '.join(EMAIL)}.",
            id="messaging.E001",
        )
        for variable, name in chosen.items()
        if name not in EMAIL
    ]
    for name in set(chosen.values()):
        found += [
            Error(f"E-mail goes by {name}, and {variable} is not set.", id="messaging.E002")
            for variable, key in NEEDED.get(name, {}).items()
            if not settings.ANYMAIL[key]
        ]
    return found


@register("messaging")
def twilio_is_whole(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.TWILIO_ACCOUNT_SID:
        return []
    return [
        Error(f"There is an account at Twilio, and {name} is not set.", id="messaging.E003")
        for name in ("TWILIO_AUTH_TOKEN", "TWILIO_SENDER")
        if not getattr(settings, name)
    ]


@register("messaging", deploy=True)
def keys_travel_encrypted(**_kwargs: Any) -> list[CheckMessage]:
    """Without TLS is for the sandbox."""
    urls = {
        "SENDGRID_API_URL": settings.ANYMAIL["SENDGRID_API_URL"],
        "MAILGUN_API_URL": settings.ANYMAIL["MAILGUN_API_URL"],
        "TWILIO_API_URL": settings.TWILIO_API_URL,
    }
    return [
        Error(f"{name} does not begin with https://.", id="messaging.E004")
        for name, url in urls.items()
        if not url.startswith("https://")
    ]


@register("messaging", deploy=True)
def bounces_are_heard(**_kwargs: Any) -> list[CheckMessage]:
    """Without its webhooks nobody learns that an address is none, and the provider gives up on us."""
    return [
        checks.Warning(
            f"E-mail goes by {name}, and {TELLING[name][0]} is not set: nothing is heard of bounces.",
            id="messaging.W001",
        )
        for name in {settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER} & TELLING.keys()
        if not settings.ANYMAIL[TELLING[name][1]]
    ]
