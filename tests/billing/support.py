"""Events of Stripe as Stripe makes, signs and delivers them."""

import itertools
import json
import time
from typing import Any

import stripe
from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from apps.billing.models import BillingCustomer, StripeEvent
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC

HOOK = "/hooks/stripe/"
_numbers = itertools.count(1)


def event(kind: str, subject: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """previous: previous_attributes."""
    data: dict[str, Any] = {"object": subject}
    if previous := fields.pop("previous", None):
        data["previous_attributes"] = previous
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "type": kind,
        "api_version": settings.STRIPE_API_VERSION,
        "created": int(time.time()),
        "livemode": False,
        "data": data,
        "request": {"id": None, "idempotency_key": None},
        "pending_webhooks": 1,
        **fields,
    }


def signature(body: str, *, secret: str = "whsec_tests", at: int | None = None) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, at)


def deliver(
    told: dict[str, Any] | str | bytes,
    *,
    secret: str = "whsec_tests",
    at: int | None = None,
    **extra: Any,
) -> HttpResponse:
    """What Stripe does with an event."""
    body = (
        told
        if isinstance(told, bytes)
        else (told if isinstance(told, str) else json.dumps(told)).encode()
    )
    signed = signature(
        body.decode("latin-1" if not _is_text(body) else "utf-8"), secret=secret, at=at
    )
    headers = {"HTTP_STRIPE_SIGNATURE": signed, "HTTP_HOST": PUBLIC, **extra}
    content_type = headers.pop("content_type", "application/json; charset=utf-8")
    return Client(raise_request_exception=False).post(
        headers.pop("path", HOOK), data=body, content_type=content_type, **headers
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def give_stripe_rows(tenant: Tenant) -> None:
    """What there is of a customer of Stripe; and as much of one who is nobody's."""
    BillingCustomer.objects.create(tenant=tenant, stripe_id=f"cus_{tenant.slug}")
    for customer_id in (f"cus_{tenant.slug}", "cus_other"):
        apps.get_model("djstripe", "Customer").objects.create(id=customer_id, stripe_data={})
        StripeEvent.objects.create(
            stripe_id=f"evt_{customer_id}",
            is_live=False,
            occurred_at=timezone.now(),
            lane=customer_id,
            customer_id=customer_id,
            payload="{}",
        )


def stripe_rows(customer_id: str) -> set[Any]:
    customers = apps.get_model("djstripe", "Customer").objects.filter(id=customer_id)
    return {*customers, *StripeEvent.objects.filter(customer_id=customer_id)}


def state_of(told: dict[str, Any]) -> str:
    return str(StripeEvent.objects.get(stripe_id=told["id"]).state)
