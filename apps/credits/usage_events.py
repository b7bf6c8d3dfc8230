"""Usage events as they come in: read, checked, and priced, each by itself. No statement."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.common.ids import parse_uuid
from apps.credits.amounts import require_amount
from apps.credits.fingerprints import MAX_KEY_LENGTH
from apps.credits.operations import operation as declared
from apps.credits.operations import price

# An event's clock may be ahead of ours so much.
MAX_AHEAD = timedelta(minutes=5)
# Older ones are not taken. What was taken is remembered for longer, so that none counts twice.
MAX_AGE = timedelta(days=35)
FIELDS = frozenset(
    {
        *("id", "operation", "quantity", "amount_microcredits", "occurred_at"),
        *("organization_id", "member_id"),
    }
)


@dataclass(frozen=True, slots=True)
class UsageEventIn:
    """One that makes sense by itself. key: its id in the table. fingerprint: of all that was sent.

    organization_id, member_id: as sent. quantity, rate: None where an amount was sent.
    """

    key: uuid.UUID
    event_id: str
    fingerprint: uuid.UUID
    operation: str
    amount: int
    quantity: int | None
    rate: int | None
    occurred_at: datetime
    organization_id: uuid.UUID | None
    member_id: uuid.UUID | None


def id_of(event_id: str) -> uuid.UUID:
    """What an event's id is in the table: 16 bytes, whatever its length."""
    return uuid.UUID(bytes=hashlib.blake2b(event_id.encode(), digest_size=16).digest())


def read(sent: object, now: datetime) -> UsageEventIn:
    """Raises InvalidInput, which names the field."""
    if not isinstance(sent, Mapping):
        raise InvalidInput(_("An event is an object."))
    if unknown := sorted(set(sent) - FIELDS):
        raise InvalidInput.field(str(unknown[0])[:100], _("There is no such field."), "unknown")
    event_id = sent.get("id")
    if (
        not isinstance(event_id, str)
        or not 1 <= len(event_id) <= MAX_KEY_LENGTH
        or not event_id.isprintable()
    ):
        raise InvalidInput.field(
            "id", _("Give an id of 1 to %(max)s printable characters.") % {"max": MAX_KEY_LENGTH}
        )
    occurred_at = _moment(sent.get("occurred_at"), now)
    code, quantity = sent.get("operation"), sent.get("quantity")
    if not isinstance(code, str):
        raise InvalidInput.field("operation", _("Name the operation."), "required")
    amount, rate = _priced(code, quantity, sent.get("amount_microcredits"), occurred_at)
    organization_id = _id(sent, "organization_id")
    member_id = _id(sent, "member_id")
    text = f"{code}\0{quantity}\0{amount if quantity is None else ''}\0{occurred_at}"
    told = f"{event_id}\0{text}\0{organization_id}\0{member_id}"
    return UsageEventIn(
        id_of(event_id),
        event_id,
        uuid.UUID(bytes=hashlib.blake2b(told.encode(), digest_size=16).digest()),
        code,
        amount,
        quantity if isinstance(quantity, int) else None,
        rate,
        occurred_at,
        organization_id,
        member_id,
    )


def _priced(
    code: str, quantity: object, amount: object, occurred_at: datetime
) -> tuple[int, int | None]:
    """Microcredits, and the version of the rate that held when it happened."""
    if (quantity is None) == (amount is None):
        raise InvalidInput(_("Give either amount_microcredits or quantity."))
    if quantity is None:
        declared(code)
        if not isinstance(amount, int):
            raise InvalidInput.field("amount_microcredits", _("Give a whole number."))
        require_amount(amount)
        return amount, None
    if not isinstance(quantity, int):
        raise InvalidInput.field("quantity", _("Give a whole number."))
    priced = price(code, quantity, occurred_at)
    require_amount(priced.amount_microcredits, "quantity")
    return priced.amount_microcredits, priced.rate_version


def _moment(sent: object, now: datetime) -> datetime:
    """In UTC. Raises InvalidInput for what is no moment, too old, or yet to come."""
    try:
        moment = datetime.fromisoformat(sent) if isinstance(sent, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput.field("occurred_at", _("Give the time as 2026-01-31T09:00:00Z."))
    if moment > now + MAX_AHEAD:
        raise InvalidInput.field("occurred_at", _("This is yet to come."), "in_the_future")
    if moment < now - MAX_AGE:
        raise InvalidInput.field(
            "occurred_at",
            _("Events are taken for %(days)s days.") % {"days": MAX_AGE.days},
            "too_old",
        )
    return moment.astimezone(UTC)


def _id(sent: Mapping[str, object], name: str) -> uuid.UUID | None:
    value = sent.get(name)
    if value is None:
        return None
    found = parse_uuid(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.field(name, _("Give an id."))
    return found
