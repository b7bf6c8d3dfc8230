"""The demo's account delivers its events to the platform, as the live one does in production."""

from django.conf import settings
from django.db import transaction

from apps.billing.endpoints import endpoint_url, events_wanted
from apps.sandbox.stripe.accounts import DEMO_SECRET_KEY, demo_account
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import load


@transaction.atomic
def endpoint_ensure() -> None:
    """One endpoint, at the address that the demo has today, with the secret of the local settings.

    Not by Stripe's API: the web server does not run yet. Nothing where another Stripe is used.
    """
    if settings.STRIPE_SECRET_KEY != DEMO_SECRET_KEY:
        return
    load()
    account = demo_account()
    ctx = Context(account, account.api_version, account.now)
    wanted = {
        "api_version": settings.STRIPE_API_VERSION,
        "application": None,
        "description": "The demo",
        "enabled_events": events_wanted(),
        "metadata": {},
        "secret": settings.STRIPE_WEBHOOK_SECRETS[0],
        "status": "enabled",
        "url": endpoint_url(),
    }
    found = ctx.find("webhook_endpoint", description="The demo")
    if not found:
        ctx.create("webhook_endpoint", wanted)
    elif any(found[0].get(name) != value for name, value in wanted.items()):
        ctx.save(found[0] | wanted)
