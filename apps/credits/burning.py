"""In which order credits are used up."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from apps.credits.models import Lot


def lots_in_order(account_ids: Iterable[uuid.UUID]) -> QuerySet[Lot]:
    """Lots with something left, in the order in which they are burned: as in `ledger_spend`."""
    left = Lot.objects.filter(account_id__in=list(account_ids), remaining_microcredits__gt=0)
    return left.select_related("grant").order_by(
        "grant__priority", F("grant__expires_at").asc(nulls_last=True), "grant_id", "account_id"
    )


def usable(now: datetime) -> Q:
    """Of lots, those whose grant is good now."""
    return Q(grant__effective_at__lte=now, grant__revoked_at=None) & (
        Q(grant__expires_at=None) | Q(grant__expires_at__gt=now)
    )


def take(lots: Sequence[Lot], amount: int) -> list[tuple[Lot, int]]:
    """How much of which lot makes up the amount; less where there is not so much."""
    taken = []
    for lot in lots:
        if amount <= 0:
            break
        part = min(amount, lot.remaining_microcredits)
        taken.append((lot, part))
        amount -= part
    return taken
