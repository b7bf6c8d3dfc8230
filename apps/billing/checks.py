"""Which key may be used where: real money moves in production only, and there nothing else does."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name

LIVE = ("sk_live_", "rk_live_")
TEST = ("sk_test_", "rk_test_")
STRIPE_HOST = "api.stripe.com"


@register()
def stripe_key_fits_the_place(**_kwargs: Any) -> list[CheckMessage]:
    """SANDBOX is set by the local and the test settings only."""
    key = settings.STRIPE_SECRET_KEY
    if not key:
        return []
    if not key.startswith(LIVE + TEST):
        return [
            _error(
                "E001",
                "STRIPE_SECRET_KEY is no secret key of Stripe's",
                "It begins with sk_ or rk_.",
            )
        ]
    for_play = settings.DEBUG or getattr(settings, "SANDBOX", False)
    found: list[CheckMessage] = []
    if for_play and key.startswith(LIVE):
        found.append(
            _error(
                "E002",
                "a live key of Stripe's is used with DEBUG, in development or in tests",
                "Use a key that begins with sk_test_: this one moves real money.",
            )
        )
    if not for_play and key.startswith(TEST):
        found.append(
            _error(
                "E003",
                "a test key of Stripe's is used in production: nobody would be charged",
                "Use the live key. An installation that is for trying things out names billing.E003 in "
                "SILENCED_SYSTEM_CHECKS of settings of its own.",
            )
        )
    base = urlsplit(settings.STRIPE_API_BASE)
    if not for_play and (base.scheme, base.netloc) != ("https", STRIPE_HOST):
        found.append(
            _error(
                "E004",
                f"STRIPE_API_BASE is not https://{STRIPE_HOST}: the key would go to somebody else",
                "Remove STRIPE_API_BASE from the environment.",
            )
        )
    if not for_play and not settings.STRIPE_WEBHOOK_SECRETS:
        found.append(
            Warning(
                "STRIPE_WEBHOOK_SECRET is not set: what happens at Stripe is not heard of",
                hint="`manage.py billing webhooks endpoint` makes the endpoint and shows its secret.",
                id="billing.W001",
            )
        )
    return found


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"billing.{number}")
