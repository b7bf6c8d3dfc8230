"""What Stripe delivers is looked at and stored; nothing else happens before it is answered."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import stripe
import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.gateway import is_live
from apps.billing.models import StripeEvent
from apps.billing.stripe_shapes import customer_id, ref
from apps.common.database import system_connection
from apps.common.errors import InvalidInput
from apps.common.hooks import UNREADABLE
from apps.common.ids import uuid7

log = structlog.get_logger(__name__)

# A signature is good for so long, before and after the moment that it names.
TOLERANCE_S = 300
MAX_SIGNATURE_CHARS = 2000
TIMESTAMP = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")
# As long as the columns.
MAX_VERSION_CHARS = 64
IDENTIFIER = re.compile(r"[A-Za-z0-9_.\-]{1,255}")

COLUMNS = (
    *(
        "id",
        "stripe_id",
        "type",
        "api_version",
        "is_live",
        "occurred_at",
        "object_type",
        "object_id",
    ),
    *("customer_id", "lane", "payload", "received_at", "state", "attempts", "next_attempt_at"),
    *("last_error", "note"),
)
# Whether nobody is about to work on the lane: an event of it that is not begun has a task, which takes this
# one too, for it looks again after it began.
INSERT = (
    f"INSERT INTO billing_stripeevent ({', '.join(COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))}) ON CONFLICT (stripe_id) DO NOTHING "
    "RETURNING NOT EXISTS (SELECT FROM billing_stripeevent other WHERE other.lane = billing_stripeevent.lane "
    "AND other.state = 'pending' AND other.attempts = 0)"
)


class SignatureRefused(InvalidInput):
    code = "invalid_signature"
    title = _("The signature is not valid")
    default_detail = _(
        "The header Stripe-Signature does not fit the body, or is too old or too new."
    )


def signature_verify(body: str, header: str) -> None:
    """Stripe's scheme v1: HMAC-SHA256 over `t.body`, by any of the secrets, t close to now.

    Stripe's library looks for what is too old only: a signature for next year would be good until then.
    Raises SignatureRefused.
    """
    found = TIMESTAMP.search(header)
    if found is None or len(header) > MAX_SIGNATURE_CHARS or not header.isascii():
        raise SignatureRefused
    if abs(time.time() - int(found[1])) > TOLERANCE_S:
        raise SignatureRefused
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret)
        except stripe.SignatureVerificationError:
            continue
        return
    raise SignatureRefused


def event_of(body: str) -> StripeEvent:
    """What is asked of an event before it is stored. Raises InvalidInput."""
    try:
        return _read(json.loads(body), body)
    except UNREADABLE as error:
        raise InvalidInput(_("This is not an event of Stripe.")) from error


def _read(told: dict[str, Any], body: str) -> StripeEvent:
    found: dict[str, Any] = told["data"]["object"]
    previous = told["data"].get("previous_attributes") or {}
    event = StripeEvent(
        id=uuid7(),
        stripe_id=told["id"],
        type=told["type"],
        api_version=told.get("api_version") or "",
        is_live=told["livemode"],
        occurred_at=datetime.fromtimestamp(told["created"], UTC),
        object_type=ref(found.get("object")),
        object_id=ref(found),
        customer_id=customer_id(found, previous),
        payload=body,
        received_at=timezone.now(),
    )
    event.lane = event.customer_id or event.object_id or event.stripe_id
    named = (
        event.stripe_id,
        event.type,
        event.lane,
        event.object_id or "-",
        event.object_type or "-",
    )
    if not all(IDENTIFIER.fullmatch(one) for one in named):
        raise ValueError("an id has what no id has")
    if not (isinstance(event.is_live, bool) and isinstance(previous, dict)):
        raise TypeError("a field is of another type")
    if len(event.api_version) > MAX_VERSION_CHARS:
        raise ValueError("no version is so long")
    return event


@system_connection()
def stripe_event_receive(*, body: bytes, signature: str) -> str | None:
    """Store an event, once; returns the lane to queue, None where that is done already. One statement.

    Nothing is stored of what is not signed. Raises SignatureRefused, InvalidInput.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise SignatureRefused from error
    signature_verify(text, signature)
    event = event_of(text)
    if event.is_live != is_live():
        raise InvalidInput(
            _("This event is of the other mode (live or test) than the key here."),
            code="wrong_mode",
        )
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [_column(event, name) for name in COLUMNS])
        row = cursor.fetchone()
    log.info(
        "billing.stripe_event_received",
        stripe_event=event.stripe_id,
        type=event.type,
        is_new=row is not None,
    )
    return event.lane if row and row[0] else None


def _column(event: StripeEvent, name: str) -> Any:
    value = getattr(event, name)
    return value.value if name == "state" else value
