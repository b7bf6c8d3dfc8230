"""Delivers events to webhook endpoints, signed (https://docs.stripe.com/webhooks), until they take them.

Run by `manage.py sandbox`, and by nothing of the platform's: Stripe goes on when workers of ours are dead.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import requests
import structlog
from django.db import close_old_connections, connections, transaction
from django.utils import timezone

from apps.sandbox.stripe import clock, shapes
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.models import StripeDelivery, StripeObject
from apps.sandbox.stripe.registry import load

log = structlog.get_logger(__name__)

TIMEOUT_S = 10
# After a failure; then it is given up. Stripe takes three days in live mode, hours in test mode.
PAUSES_S = (1, 5, 30, 120, 600, 3600)
# Nobody else takes a delivery that somebody is at; when that one died, it is taken again.
LEASE_S = 30
AT_ONCE = 8


@dataclass(frozen=True)
class Parcel:
    delivery_id: str
    event_id: str
    url: str
    headers: dict[str, str]
    body: bytes


def sign(body: bytes, secret: str, at_s: int) -> str:
    """The header Stripe-Signature. at_s: the world's time, not the account's, as receivers compare theirs."""
    digest = hmac.new(secret.encode(), b"%d." % at_s + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def turn() -> int:
    """What the process does again and again: what is due by the clocks, then deliveries."""
    close_old_connections()
    return clock.run_all() + deliver_due()


def deliver_due(limit: int = 200) -> int:
    """Send what is due, eight at a time; returns how many were sent."""
    load()
    parcels = _take(limit)
    if len(parcels) == 1:
        _send(parcels[0])
    elif parcels:
        with ThreadPoolExecutor(AT_ONCE, "courier") as pool:
            list(pool.map(_send_apart, parcels))
    return len(parcels)


def resend(deliveries: Iterable[StripeDelivery]) -> None:
    """Send again, whether it was taken or not, as Stripe's dashboard does."""
    StripeDelivery.objects.filter(id__in=[one.id for one in deliveries]).update(
        status=StripeDelivery.Status.PENDING, next_at=timezone.now()
    )


def _take(limit: int) -> list[Parcel]:
    now = timezone.now()
    with transaction.atomic():
        taken = list(
            StripeDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("account")
            .filter(status=StripeDelivery.Status.PENDING, next_at__lte=now)
            .order_by("id")[:limit]
        )
        ids = [one.id for one in taken]
        StripeDelivery.objects.filter(id__in=ids).update(next_at=now + timedelta(seconds=LEASE_S))
    return [parcel for one in taken if (parcel := _parcel(one))]


def _parcel(delivery: StripeDelivery) -> Parcel | None:
    account = delivery.account
    rows = StripeObject.objects.filter(account=account)
    event = rows.get(kind="event", object_id=delivery.event_id).data
    endpoint = rows.get(kind="webhook_endpoint", object_id=delivery.endpoint_id)
    if endpoint.is_deleted or endpoint.data["status"] != "enabled":
        _note(str(delivery.id), 0, "the endpoint is gone or disabled", is_last=True)
        return None
    version = endpoint.data["api_version"] or account.api_version
    ctx = Context(account, version, now=account.now)
    shown = shapes.render(ctx, event) | {"api_version": version}
    body = json.dumps(shown, indent=2, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": sign(body, endpoint.data["secret"], int(time.time())),
    }
    return Parcel(str(delivery.id), delivery.event_id, endpoint.data["url"], headers, body)


def _send_apart(parcel: Parcel) -> None:
    try:
        _send(parcel)
    finally:
        connections.close_all()


def _send(parcel: Parcel) -> None:
    try:
        answer = requests.post(
            parcel.url,
            data=parcel.body,
            headers=parcel.headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        _note(parcel.delivery_id, 0, type(error).__name__)
    else:
        _note(parcel.delivery_id, answer.status_code, answer.text[:500].replace("\0", ""))


@transaction.atomic
def _note(delivery_id: str, status: int, text: str, *, is_last: bool = False) -> None:
    delivery = StripeDelivery.objects.select_for_update().get(id=delivery_id)
    now = timezone.now()
    delivery.attempts.append({"at": now.isoformat(), "status": status, "text": text})
    failures = 0
    for attempt in reversed(delivery.attempts):
        if 200 <= attempt["status"] < 300:
            break
        failures += 1
    if not failures:
        delivery.status = StripeDelivery.Status.DELIVERED
    elif is_last or failures > len(PAUSES_S):
        delivery.status = StripeDelivery.Status.FAILED
    else:
        delivery.next_at = now + timedelta(seconds=PAUSES_S[failures - 1])
    delivery.save(update_fields=["status", "attempts", "next_at"])
    if not failures or delivery.status == StripeDelivery.Status.FAILED:
        _count_down(delivery)


def _count_down(delivery: StripeDelivery) -> None:
    """The event tells how many endpoints have not taken it yet."""
    waiting = StripeDelivery.objects.filter(
        event_id=delivery.event_id, status=StripeDelivery.Status.PENDING
    ).count()
    row = StripeObject.objects.select_for_update().get(
        account_id=delivery.account_id, kind="event", object_id=delivery.event_id
    )
    row.data["pending_webhooks"] = waiting
    row.save(update_fields=["data"])
