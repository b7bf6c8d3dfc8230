"""Accounts, and who may speak for one."""

import base64
import binascii

from django.http import HttpRequest

from apps.sandbox.stripe.errors import Forbidden, Unauthorized
from apps.sandbox.stripe.models import StripeAccount, random_id
from apps.sandbox.stripe.shapes import CURRENT

# The demo's account: there from the first request on.
DEMO_ID = "acct_sandbox"
DEMO_SECRET_KEY = "sk_test_sandboxWrapperPlatform"  # noqa: S105 - published, of the sandbox
DEMO_PUBLISHABLE_KEY = "pk_test_sandboxWrapperPlatform"


def account_create(name: str, api_version: str = CURRENT) -> StripeAccount:
    """An account of its own, with new keys: for a test, or to begin anew."""
    return StripeAccount.objects.create(
        id=random_id("acct_")[:21],
        name=name,
        secret_key=random_id("sk_test_"),
        publishable_key=random_id("pk_test_"),
        api_version=api_version,
    )


def demo_account() -> StripeAccount:
    found, _is_new = StripeAccount.objects.get_or_create(
        id=DEMO_ID,
        defaults={
            "name": "Wrapper (sandbox)",
            "secret_key": DEMO_SECRET_KEY,
            "publishable_key": DEMO_PUBLISHABLE_KEY,
            "api_version": CURRENT,
        },
    )
    return found


def account_of(request: HttpRequest) -> StripeAccount:
    """By the secret key, as a bearer token or as the user of basic authentication. Raises Unauthorized."""
    key = _key(request)
    if not key:
        raise Unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
            "https://stripe.com/docs/api#authentication for details."
        )
    shown = f"{key[:8]}{'*' * max(len(key) - 12, 4)}{key[-4:]}"
    if key.startswith(("sk_live_", "rk_live_", "pk_live_")):
        raise Unauthorized(
            f"This is the sandbox's stand-in for Stripe: it refuses live keys ({key[:8]}...).",
            code="livemode_mismatch",
        )
    if key.startswith("pk_"):
        raise Forbidden(
            "This API call cannot be made with a publishable API key. Please use a secret API key.",
            code="secret_key_required",
        )
    if key == DEMO_SECRET_KEY:
        return demo_account()
    found = StripeAccount.objects.filter(secret_key=key).first()
    if found is None:
        raise Unauthorized(f"Invalid API Key provided: {shown}")
    return found


def _key(request: HttpRequest) -> str:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return sent.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(sent, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
