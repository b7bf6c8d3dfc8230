"""Delivers events to webhook endpoints, signed (https://docs.stripe.com/webhooks), until they take them.

Run by `manage.py sandbox`, and by nothing of the platform's: Stripe goes on when workers of ours are dead.
"""

import hashlib
import hmac
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import requests
import structlog
from django.db import close_old_connections, transaction
from django.utils import timezone

from apps.sandbox.stripe import clock, shapes
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.models import StripeDelivery, StripeObject
from apps.sandbox.stripe.registry import Json, load

log = structlog.get_logger(__name__)

TIMEOUT_S = 10
# After a failure; then it is given up. Stripe takes three days in live mode, hours in test mode.
PAUSES_S = (1, 5, 30, 120, 600, 3600)
# Nobody else takes a delivery that somebody is at; when that one died, it is taken again.
LEASE_S = 30
AT_ONCE = 8


@dataclass(frozen=True)
class Parcel:
    delivery_id: uuid.UUID
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
    parcels, gone = _take(limit)
    answers = [(delivery_id, 0, "the endpoint is gone or disabled") for delivery_id in gone]
    with requests.Session() as session, ThreadPoolExecutor(AT_ONCE, "courier") as pool:
        sent = pool.map(partial(_send, session), parcels)
        for parcel, (status, text) in zip(parcels, sent, strict=True):
            answers.append((parcel.delivery_id, status, text))
    _note(answers, set(gone))
    return len(parcels)


def resend(deliveries: Iterable[StripeDelivery]) -> None:
    """Send again, whether it was taken or not, as Stripe's dashboard does."""
    StripeDelivery.objects.filter(id__in=[one.id for one in deliveries]).update(
        status=StripeDelivery.Status.PENDING, next_at=timezone.now()
    )


def _take(limit: int) -> tuple[list[Parcel], list[uuid.UUID]]:
    """What is to be sent, and deliveries whose endpoint is gone."""
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
    events = _rows("event", {one.event_id for one in taken})
    endpoints = _rows("webhook_endpoint", {one.endpoint_id for one in taken})
    parcels, gone = [], []
    for one in taken:
        endpoint = endpoints[one.account_id, one.endpoint_id]
        if endpoint.is_deleted or endpoint.data["status"] != "enabled":
            gone.append(one.id)
        else:
            event = events[one.account_id, one.event_id]
            parcels.append(_parcel(one, event.data, endpoint.data))
    return parcels, gone


def _rows(kind: str, ids: set[str]) -> dict[tuple[str, str], StripeObject]:
    """By account and id."""
    if not ids:
        return {}
    rows = StripeObject.objects.filter(kind=kind, object_id__in=ids)
    return {(row.account_id, row.object_id): row for row in rows}


def _parcel(delivery: StripeDelivery, event: Json, endpoint: Json) -> Parcel:
    account = delivery.account
    version = endpoint["api_version"] or account.api_version
    ctx = Context(account, version, now=account.now)
    shown = shapes.render(ctx, event) | {"api_version": version}
    body = json.dumps(shown, indent=2, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": sign(body, endpoint["secret"], int(time.time())),
    }
    return Parcel(delivery.id, endpoint["url"], headers, body)


def _send(session: requests.Session, parcel: Parcel) -> tuple[int, str]:
    """In a thread that touches no database: what was answered, 0 for nothing."""
    try:
        answer = session.post(
            parcel.url,
            data=parcel.body,
            headers=parcel.headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        return 0, type(error).__name__
    return answer.status_code, answer.text[:500].replace("\0", "")


@transaction.atomic
def _note(answers: list[tuple[uuid.UUID, int, str]], gone: set[uuid.UUID]) -> None:
    """gone: deliveries that are not tried again."""
    ids = [delivery_id for delivery_id, _status, _text in answers]
    rows = StripeDelivery.objects.select_for_update().order_by("id").in_bulk(ids)
    now = timezone.now()
    for delivery_id, status, text in answers:
        # Its account may have been deleted meanwhile.
        if delivery := rows.get(delivery_id):
            delivery.attempts.append({"at": now.isoformat(), "status": status, "text": text})
            _decide(delivery, now, is_last=delivery_id in gone)
    StripeDelivery.objects.bulk_update(rows.values(), ["status", "attempts", "next_at"])
    ended = {one.event_id for one in rows.values() if one.status != StripeDelivery.Status.PENDING}
    _count_down(ended)


def _decide(delivery: StripeDelivery, now: datetime, *, is_last: bool) -> None:
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


def _count_down(event_ids: set[str]) -> None:
    """An event tells how many endpoints have not taken it yet."""
    if not event_ids:
        return
    waiting = Counter(
        StripeDelivery.objects.filter(
            event_id__in=event_ids, status=StripeDelivery.Status.PENDING
        ).values_list("event_id", flat=True)
    )
    rows = StripeObject.objects.select_for_update().filter(kind="event", object_id__in=event_ids)
    changed = list(rows.order_by("id"))
    for row in changed:
        row.data["pending_webhooks"] = waiting[row.object_id]
    StripeObject.objects.bulk_update(changed, ["data"])
