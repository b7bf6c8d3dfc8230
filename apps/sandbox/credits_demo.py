"""Credits of the demo: what came in, and a month of usage that looks like a team's. Once for each tenant."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.ids import uuid7, uuid7_since
from apps.credits.enums import GRANTS_ID, SALES_ID, WALLET_ID, GrantSource, TransactionKind
from apps.credits.fingerprints import details_of, fingerprint
from apps.credits.models import Grant, Transaction
from apps.credits.operations import price
from apps.credits.posting import Move, lock_accounts, post
from apps.credits.spending import Item, Place, spend
from apps.organizations.models import Member, Organization
from apps.sandbox.credits_operations import SUMMARIZE, TRANSCRIBE, TRANSLATE

ACTOR = Actor.system("demo")
DAYS = 30
SATURDAY = 5
ALLOWANCE, PACK = 1_000_000_000, 250_000_000
KEY = "demo:allowance"
# Of one use: the median, and how often on a working day for each place and member.
USES = {SUMMARIZE: (12_000, 3), TRANSCRIBE: (35, 1), TRANSLATE: (900, 2)}


@transaction.atomic
def demo_fill() -> None:
    """Grants of a month ago and of last week, and what was used since. Nothing where they are there.

    Written with the times at which it would have happened, which is why the grants do not come by their
    service: a statement of the ledger, whose rows nobody can change afterwards.
    """
    if Transaction.objects.filter(idempotency_key=KEY).exists():
        return
    now = timezone.now()
    begin = datetime.combine(now.date() - timedelta(days=DAYS), time(6), UTC)
    _give(KEY, ALLOWANCE, begin, GrantSource.PLAN, "Allowance of the plan", days=60)
    chance = random.Random(8)  # noqa: S311 - the same picture each time
    members = list(Member.objects.order_by("id").values_list("id", flat=True))
    places = list(
        Organization.objects.filter(archived_at=None).order_by("path").values_list("id", flat=True)
    )
    for day in range(DAYS + 1):
        at = begin + timedelta(days=day, hours=2)
        if day == DAYS - 7:
            _give("demo:pack", PACK, at, GrantSource.PURCHASE, "A pack of 250", days=365)
        if at < now and members:
            _use(chance, at, places, members)


def _give(
    key: str, amount: int, at: datetime, source: GrantSource, description: str, *, days: int
) -> None:
    """As grant_create does it, at a time of before; and without its event, as nobody is to hear of it now."""
    account = lock_accounts([WALLET_ID])[WALLET_ID]
    grant = Grant.objects.create(
        id=_id_at(at),
        source=source,
        amount_microcredits=amount,
        priority=20 if source == GrantSource.PLAN else 50,
        effective_at=at,
        expires_at=at + timedelta(days=days),
        description=description,
        reference=key,
    )
    post(
        actor=ACTOR,
        kind=TransactionKind.GRANT,
        moves=[
            Move(GRANTS_ID if source == GrantSource.PLAN else SALES_ID, WALLET_ID, grant.id, amount)
        ],
        id=_id_at(at),
        idempotency_key=key,
        fingerprint=fingerprint("grant", amount=amount),
        balance_after=account.balance_microcredits + amount,
        related_id=grant.id,
        details=details_of({"description": description}),
        now=at,
    )


def _use(
    chance: random.Random,
    at: datetime,
    places: Sequence[uuid.UUID],
    members: Sequence[uuid.UUID],
) -> None:
    """A day's: less on weekends, and not each place each day."""
    quiet = 0.85 if at.weekday() >= SATURDAY else 0.5
    uses = []
    for place in places:
        for operation, (median, often) in USES.items():
            if chance.random() < quiet:
                continue
            for _one in range(chance.randint(1, often)):
                moment = at + timedelta(minutes=chance.randint(0, 480))
                quantity = max(1, round(median * chance.lognormvariate(0, 0.6)))
                uses.append((moment, place, operation, quantity, chance.choice(members)))
    # In the order of time, so that the balances go down as the statement reads.
    for moment, place, operation, quantity, member_id in sorted(uses):
        if moment >= timezone.now():
            break
        priced = price(operation, quantity, moment)
        id_ = _id_at(moment)
        item = Item(
            key=f"demo:{id_}",
            fingerprint=fingerprint("demo", id=id_),
            amount=priced.amount_microcredits,
            actor=ACTOR,
            member_id=member_id,
            details={"quantity": quantity, "rate": priced.rate_version},
            id=id_,
        )
        spend(Place(TransactionKind.DEBIT, place, operation), [item], moment)


def _id_at(moment: datetime) -> uuid.UUID:
    """A UUIDv7 of then: ids are the order of the statement."""
    rest = uuid7().int & ((1 << 80) - 1)
    return uuid.UUID(int=uuid7_since(moment).int | rest)
