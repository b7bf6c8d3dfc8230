"""Where Stripe delivers its events to: made and kept up at Stripe, from here."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from djstripe.signals import ENABLED_EVENTS

from apps.billing import gateway
from apps.billing.events import StripeEndpointSet
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.events.services import publish

# What billing wants to hear of: the objects that it has copies of, and the payments of invoices.
KINDS = (
    *(
        "charge",
        "checkout.session",
        "coupon",
        "credit_note",
        "customer",
        "invoice",
        "invoice_payment",
    ),
    *("invoiceitem", "payment_intent", "payment_method", "price", "product", "promotion_code"),
    *("refund", "setup_intent", "subscription_schedule", "tax_rate"),
)
# Of cards and bank accounts as they were before payment methods.
NOT = ("customer.source.",)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """secret: what it signs with; Stripe says it once, when the endpoint is made. version: of its events."""

    stripe_id: str
    url: str
    version: str
    is_new: bool
    secret: str = field(default="", repr=False)


def endpoint_url() -> str:
    """Ours, as the world reaches it."""
    return settings.PUBLIC_URL + reverse("stripe_hook", urlconf="config.urls_public")


def events_wanted() -> list[str]:
    return [
        name
        for name in ENABLED_EVENTS
        if name.startswith(tuple(f"{kind}." for kind in KINDS)) and not name.startswith(NOT)
    ]


def stripe_endpoint_set(*, actor: Actor, url: str = "") -> Endpoint:
    """Have Stripe deliver to `url` (ours, unless another is named): makes the endpoint, or enables and
    updates the one that there is.

    Not inside a transaction. Publishes billing.stripe_endpoint_set.
    Raises PermissionDenied, InvalidInput, StripeRefused, StripeUnavailable.
    """
    require_platform(actor)
    url = url or endpoint_url()
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or (gateway.is_live() and parts.scheme != "https")
    ):
        raise InvalidInput.field("url", _("Enter a whole address; with a live key, of https://."))
    wanted: Any = events_wanted()
    with gateway.stripe_client() as client:
        listed = client.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
        known = next((one for one in listed if one.url == url), None)
        if known is None:
            version: Any = settings.STRIPE_API_VERSION
            made = client.v1.webhook_endpoints.create(
                {"url": url, "enabled_events": wanted, "api_version": version}
            )
        else:
            made = client.v1.webhook_endpoints.update(
                known.id, {"enabled_events": wanted, "disabled": False}
            )
    endpoint = Endpoint(
        made.id,
        url,
        made.api_version or "",
        is_new=known is None,
        secret=(getattr(made, "secret", None) or "") if known is None else "",
    )
    with transaction.atomic():
        publish(
            StripeEndpointSet(stripe_id=endpoint.stripe_id, url=url, is_new=endpoint.is_new),
            actor=actor,
            tenant_id=None,
        )
    return endpoint
