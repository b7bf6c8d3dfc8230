"""Credits for the demo: grants of each kind, and two months in which they were used."""

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from apps.common.actors import Actor
from apps.common.ids import uuid7_since
from apps.credits.enums import GrantSource, TransactionKind
from apps.credits.fingerprints import fingerprint
from apps.credits.models import Transaction
from apps.credits.operations import Operation, price
from apps.credits.services import (
    credits_debit,
    credits_hold,
    credits_refund,
    grant_create,
    hold_capture,
)
from apps.credits.spending import Item, Place, spend
from apps.organizations.models import Member, Organization
from apps.sandbox.operations import ANSWER, OPERATIONS, TRANSCRIBE, TRANSLATE

ACTOR = Actor.system("demo")
DAYS = 62
# How much of each is used at once, at most.
QUANTITIES = {TRANSLATE.code: 12_000, TRANSCRIBE.code: 60, ANSWER.code: 30_000}


def credits_fill() -> None:
    """In the entered tenant. Nothing where there are credits already."""
    if Transaction.objects.exists():
        return
    now = timezone.now()
    begun = now - timedelta(days=DAYS + 1)
    _grants(begun, now)
    chance = random.Random(1918)  # noqa: S311 - the same usage in each demo
    members: list[Member | None] = [*Member.objects.order_by("id"), None]
    places = [None, *Organization.objects.filter(name__in=("Sales", "North", "Platform"))]
    for number in range(DAYS, 0, -1):
        day = now - timedelta(days=number)
        _spend_day(chance, day, members, places)
    _spend_today(places[-1])


def _grants(begun: datetime, now: datetime) -> None:
    for source, credits_, days, description, operations in (
        (GrantSource.PLAN, 6_000, 40, "Business, this quarter", ()),
        (GrantSource.PURCHASE, 5_000, None, "Pack of 5,000", ()),
        (GrantSource.PROMOTION, 250, 9, "Try translations", (TRANSLATE.code,)),
    ):
        grant_create(
            actor=ACTOR,
            source=source,
            amount_microcredits=credits_ * 10**6,
            reference=f"demo:{source.value}",
            description=description,
            effective_at=begun,
            expires_at=now + timedelta(days=days) if days else None,
            operations=operations,
        )


def _spend_day(
    chance: random.Random,
    day: datetime,
    members: Sequence[Member | None],
    places: Sequence[Organization | None],
) -> None:
    """One statement for each place and operation of the day."""
    uses = chance.randint(0, 2) if day.weekday() >= 5 else chance.randint(4, 9)
    found: dict[tuple[Organization | None, Operation], list[Item]] = defaultdict(list)
    for number in range(uses):
        operation = chance.choices(OPERATIONS, weights=(5, 2, 4))[0]
        quantity = chance.randint(1, QUANTITIES[operation.code])
        priced = price(operation.code, quantity, day)
        key = f"demo:{day.date()}:{number}"
        member = chance.choice(members)
        found[chance.choice(places), operation].append(
            Item(
                key=key,
                fingerprint=fingerprint("demo", key=key),
                amount=priced.amount_microcredits,
                actor=ACTOR,
                member_id=member.id if member else None,
                details={"quantity": quantity, "rate": priced.rate_version},
                id=_id_of(chance, day),
            )
        )
    for (place, operation), items in found.items():
        at = Place(TransactionKind.DEBIT, place.id if place else None, operation.code)
        spend(at, items, day)


def _id_of(chance: random.Random, moment: datetime) -> uuid.UUID:
    """As if it had been made then."""
    return uuid.UUID(int=uuid7_since(moment).int | 7 << 76 | 2 << 62 | chance.getrandbits(62))


def _spend_today(place: Organization | None) -> None:
    """What is held, captured and given back, one of each."""
    organization_id = place.id if place else None
    spent = credits_debit(
        actor=ACTOR,
        operation=ANSWER.code,
        quantity=9_000,
        idempotency_key="demo:refunded",
        organization_id=organization_id,
    )
    credits_refund(
        actor=ACTOR,
        transaction_id=spent.transaction_id,
        idempotency_key="demo:refund",
        reason="The answer was cut off",
    )
    held = credits_hold(
        actor=ACTOR,
        operation=TRANSCRIBE.code,
        quantity=90,
        idempotency_key="demo:hold",
        organization_id=organization_id,
        ttl_s=86_400,
    )
    hold_capture(
        actor=ACTOR,
        hold_id=held.transaction_id,
        amount_microcredits=24_000_000,
        idempotency_key="demo:capture",
    )
