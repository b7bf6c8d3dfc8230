"""Spending, as the database does it: the call of `ledger_spend` (apps/ledger), and what it answers."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection

from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.credits.enums import TransactionKind
from apps.credits.live import tell_balance

SPEND = "SELECT * FROM public.ledger_spend(%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Place:
    """What spendings must have in common to go in one statement."""

    kind: TransactionKind
    organization_id: uuid.UUID | None
    operation: str


@dataclass(frozen=True, slots=True)
class Item:
    """One amount, by its key. expires_at: of a hold."""

    key: str
    fingerprint: uuid.UUID
    amount: int
    actor: Actor
    member_id: uuid.UUID | None = None
    details: dict[str, object] = field(default_factory=dict)
    expires_at: datetime | None = None
    id: uuid.UUID = field(default_factory=uuid7)


class Outcome(StrEnum):
    """KNOWN: the key was used before. NOWHERE: there is no such organization, or it is archived.

    INSUFFICIENT, CAPPED: would be refused in any order. UNDECIDED: others of the list came first, or the key
    was used elsewhere at the same time; ask for it alone.
    """

    POSTED = "posted"
    KNOWN = "known"
    NOWHERE = "nowhere"
    FROZEN = "frozen"
    INSUFFICIENT = "insufficient"
    CAPPED = "capped"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Answer:
    """balance_after: what could still be spent there then; of what was refused, what there is."""

    outcome: Outcome
    transaction_id: uuid.UUID | None
    fingerprint: uuid.UUID | None
    amount: int | None
    balance_after: int
    is_low: bool


def spend(place: Place, items: Sequence[Item], now: datetime) -> list[Answer]:
    """Spend each of the items, in their order, if there is enough for it. One statement.

    The keys are different ones. Locks the accounts that are spent from, and the members' caps.
    """
    rows = [_row(number, item) for number, item in enumerate(items)]
    with connection.cursor() as cursor:
        cursor.execute(
            SPEND,
            [place.kind.value, place.organization_id, place.operation, now, json.dumps(rows)],
        )
        answers = [Answer(Outcome(row[1]), *row[2:]) for row in cursor.fetchall()]
    if any(answer.outcome is Outcome.POSTED for answer in answers):
        tell_balance()
    return answers


def _row(number: int, item: Item) -> dict[str, Any]:
    actor_id = item.actor.person_id or item.actor.api_key_id
    row: dict[str, Any] = {
        "place": number,
        "id": str(item.id),
        "key": item.key,
        "fingerprint": str(item.fingerprint),
        "amount": item.amount,
        "actor_kind": item.actor.kind,
        "details": item.details,
    }
    if item.member_id is not None:
        row["member_id"] = str(item.member_id)
    if actor_id is not None:
        row["actor_id"] = str(actor_id)
    if item.expires_at is not None:
        row["expires_at"] = item.expires_at.isoformat()
    return row
