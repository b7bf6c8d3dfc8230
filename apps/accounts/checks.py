"""Start-up checks of sign-in by identity providers."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.accounts.oidc.discovery import ALGORITHMS


@register()
def no_internal_provider(**_kwargs: Any) -> list[CheckMessage]:
    """Only where the sandbox is: a tenant could point its provider at whatever listens there."""
    if not settings.OIDC_INTERNAL_HOSTS or getattr(settings, "SANDBOX", False):
        return []
    return [
        Error(
            "OIDC_INTERNAL_HOSTS lets tenants' identity providers be at internal addresses",
            id="accounts.E001",
            hint="Leave it empty outside local and test settings.",
        )
    ]


@register()
def platform_provider_is_whole(**_kwargs: Any) -> list[CheckMessage]:
    """What would show at the first sign-in only."""
    found = [
        (
            bool(settings.OIDC_DISCOVERY_URL) != bool(settings.OIDC_CLIENT_ID),
            "OIDC_DISCOVERY_URL and OIDC_CLIENT_ID are set together, or neither",
        ),
        (
            bool(settings.OIDC_CLIENT_ID) and not settings.OIDC_CLIENT_SECRET,
            "OIDC_CLIENT_SECRET is empty",
        ),
        (
            bool(settings.OIDC_DISCOVERY_URL)
            and urlsplit(settings.OIDC_DISCOVERY_URL).scheme != "https"
            and not getattr(settings, "SANDBOX", False),
            "OIDC_DISCOVERY_URL does not begin with https://",
        ),
        (
            not set(settings.OIDC_ALGORITHMS)
            or not set(settings.OIDC_ALGORITHMS) <= set(ALGORITHMS),
            f"OIDC_ALGORITHMS takes {' and '.join(ALGORITHMS)}",
        ),
        (
            "openid" not in settings.OIDC_SCOPES.split(),
            "OIDC_SCOPES is without openid",
        ),
        (
            bool(settings.OIDC_API_AUDIENCE)
            and settings.OIDC_API_AUDIENCE == settings.OIDC_CLIENT_ID,
            "OIDC_API_AUDIENCE is the client's own id, which ID tokens are for",
        ),
    ]
    hint = "See .env.example."
    return [Error(text, id="accounts.E002", hint=hint) for holds, text in found if holds]
