"""What pages show of credits: the balance, grants and the statement, as far as the reader may see them.

Who holds the permission at some organizations sees what lies and happens there and below; the wallet is
the whole tenant's.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    Subquery,
    Sum,
    UUIDField,
    Value,
    When,
)
from django.db.models import OuterRef as Outer
from django.db.models.functions import Coalesce

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor, ActorKind
from apps.common.errors import NotFound
from apps.common.ids import uuid7_since
from apps.credits.enums import COUNTER_IDS, AccountKind, HoldState
from apps.credits.models import (
    SPENDABLE,
    Account,
    Entry,
    Grant,
    Hold,
    HoldPart,
    Lot,
    Transaction,
    UsageDay,
)
from apps.credits.permissions import VIEW_CREDITS
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import below
from apps.roles.models import ApiKey

# So far a transaction's id may be from its time: who spends together waits for one another.
SKEW = timedelta(days=1)
GRANT_STATES = ("usable", "scheduled", "used", "expired", "revoked", "all")


def sees_all(actor: Actor) -> bool:
    return paths_allowed(actor, VIEW_CREDITS) is None


def places_for(actor: Actor) -> QuerySet[Organization]:
    """Organizations whose credits the actor may see, in tree order. Raises PermissionDenied."""
    paths = paths_allowed(actor, VIEW_CREDITS)
    if paths == []:
        authorize(actor, VIEW_CREDITS)
    return Organization.objects.filter(below("path", paths)).order_by("path")


def within(actor: Actor, field: str = "organization_id") -> Q:
    """What belongs to one of places_for; all of it, if they are all. Raises PermissionDenied."""
    places = places_for(actor)
    return Q() if sees_all(actor) else Q(**{f"{field}__in": places.order_by().values("id")})


@dataclass(frozen=True, slots=True)
class Balance:
    """Microcredits. wallet: None for who sees some organizations only; then budgets are theirs.

    held: set aside, and not in the two others. frozen_reason: of the wallet, from which all spending stops.
    frozen_budgets: how many. low_below: the threshold that the wallet is under; None: it is not.
    """

    wallet: int | None
    budgets: int
    budget_count: int
    held: int
    is_frozen: bool
    frozen_reason: str
    frozen_budgets: int
    low_below: int | None

    @property
    def total(self) -> int:
        return (self.wallet or 0) + self.budgets


def balance_for(actor: Actor) -> Balance:
    """One statement, however many entries there are. Raises PermissionDenied."""
    is_wallet = Q(kind=AccountKind.WALLET)
    is_budget = Q(kind=AccountKind.BUDGET) & within(actor)
    left = F("amount_microcredits") - F("captured_microcredits") - F("released_microcredits")
    holds = Hold.objects.filter(within(actor), state=HoldState.OPEN).order_by().values("state")
    accounts = Account.objects.filter(is_wallet | is_budget)
    kept = accounts.annotate(set_aside=Subquery(holds.values(sum=Sum(left)))).aggregate(
        held=Max("set_aside"),
        wallet=Coalesce(Sum("balance_microcredits", filter=is_wallet), 0),
        budgets=Coalesce(Sum("balance_microcredits", filter=Q(kind=AccountKind.BUDGET)), 0),
        count=Sum(Case(When(kind=AccountKind.BUDGET, then=1), default=0)),
        frozen=Min("frozen_at", filter=is_wallet),
        reason=Max("frozen_reason", filter=is_wallet),
        frozen_budgets=Sum(
            Case(When(kind=AccountKind.BUDGET, frozen_at__isnull=False, then=1), default=0)
        ),
        low=Min("alert_below_microcredits", filter=is_wallet & Q(low_at__isnull=False)),
    )
    whole = sees_all(actor)
    return Balance(
        wallet=kept["wallet"] if whole else None,
        budgets=kept["budgets"],
        budget_count=kept["count"] or 0,
        held=int(kept["held"] or 0),
        is_frozen=kept["frozen"] is not None,
        frozen_reason=kept["reason"] or "",
        frozen_budgets=kept["frozen_budgets"] or 0,
        low_below=kept["low"] if whole else None,
    )


def used_by_day(actor: Actor, since: date, until: date) -> dict[date, int]:
    """Microcredits by the day (UTC), both ends inclusive. One statement. Raises PermissionDenied."""
    rows = UsageDay.objects.filter(within(actor), day__range=(since, until))
    return dict(rows.values_list("day").annotate(used=Sum("used_microcredits")).order_by("day"))


def lots_for(actor: Actor) -> QuerySet[Lot]:
    """What is left of grants in accounts that the actor may see. Raises PermissionDenied."""
    return Lot.objects.filter(
        within(actor, "account__organization_id"),
        account__kind__in=SPENDABLE,
        remaining_microcredits__gt=0,
    )


def expiring_for(actor: Actor, now: datetime, days: int, limit: int) -> list[dict[str, Any]]:
    """What is lost next unless it is used: by grant, the soonest first. One statement.

    Each: grant_id, expires_at, source, description, left.
    """
    lots = lots_for(actor).filter(
        grant__expires_at__gt=now,
        grant__expires_at__lte=now + timedelta(days=days),
        grant__effective_at__lte=now,
        grant__revoked_at=None,
    )
    found = (
        lots.values("grant_id")
        .annotate(
            expires_at=F("grant__expires_at"),
            source=F("grant__source"),
            description=F("grant__description"),
            left=Sum("remaining_microcredits"),
        )
        .order_by("expires_at", "grant_id")
    )
    return [dict(one) for one in found[:limit]]


def grants_for(actor: Actor, state: str, now: datetime) -> QuerySet[Any]:
    """Grants in a state of GRANT_STATES, with `left` and `held` (microcredits) annotated.

    For who sees some organizations only: those of which something lies there. Raises PermissionDenied.
    """
    left = lots_for(actor).filter(grant=Outer("pk")).order_by().values("grant")
    held = HoldPart.objects.filter(grant=Outer("pk"), remaining_microcredits__gt=0).order_by()
    found = Grant.objects.annotate(
        left=Coalesce(Subquery(left.values(sum=Sum("remaining_microcredits"))), 0)
    )
    if sees_all(actor):
        of_holds = held.values("grant").values(sum=Sum("remaining_microcredits"))
        found = found.annotate(held=Coalesce(Subquery(of_holds), 0))
    else:
        found = found.filter(left__gt=0).annotate(held=F("left") - F("left"))
    open_ = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    has_some = Q(left__gt=0) | Q(held__gt=0)
    wanted = {
        "usable": open_ & has_some & Q(effective_at__lte=now),
        "scheduled": open_ & Q(effective_at__gt=now),
        "used": open_ & ~has_some,
        "expired": Q(revoked_at=None, expires_at__lte=now),
        "revoked": Q(revoked_at__isnull=False),
        "all": Q(),
    }
    return found.filter(wanted[state])


def _moved(field: str) -> Subquery:
    """Of a transaction: what went to accounts that credits are spent from (or came from them)."""
    entries = Entry.objects.filter(transaction=Outer("pk")).exclude(**{f"{field}__in": COUNTER_IDS})
    return Subquery(entries.order_by().values("transaction").values(sum=Sum("amount_microcredits")))


def transactions_for(actor: Actor) -> QuerySet[Any]:
    """With `effect` annotated: by how much the balance changed, in microcredits. Raises PermissionDenied."""
    effect = Coalesce(_moved("credited_account_id"), 0) - Coalesce(_moved("debited_account_id"), 0)
    return Transaction.objects.filter(within(actor)).annotate(effect=effect)


def transactions_between(found: QuerySet[Any], since: datetime, until: datetime) -> QuerySet[Any]:
    """Those of a time, found by the primary key: its order is that of time, give or take SKEW."""
    return found.filter(
        id__gte=uuid7_since(since - SKEW),
        id__lt=uuid7_since(until + SKEW),
        created_at__gte=since,
        created_at__lt=until,
    )


def transaction_for(actor: Actor, transaction_id: uuid.UUID, limit: int) -> tuple[Any, list[Any]]:
    """A transaction; and what it is of and what is of it, the oldest first. One statement.

    Raises NotFound, PermissionDenied.
    """
    its_own = Transaction.objects.filter(id=transaction_id).values("related_id")[:1]
    together = Q(id=transaction_id) | Q(related_id=transaction_id) | Q(id=Subquery(its_own))
    rows = list(transactions_for(actor).filter(together).order_by("id")[:limit])
    found = next((one for one in rows if one.id == transaction_id), None)
    if found is None:
        raise NotFound
    return found, [one for one in rows if one is not found]


def entries_of(transaction: Transaction, limit: int) -> list[Entry]:
    """With their accounts and grants. One statement. The transaction comes from transaction_for."""
    rows = Entry.objects.filter(transaction=transaction).order_by("position")
    return list(rows.select_related("debited_account", "credited_account", "grant")[:limit])


@dataclass(frozen=True, slots=True)
class Name:
    """note: the address of a member who has a name."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called, as far as they are still there. places: in tree order.

    people: members by the person's id. emails: addresses of members by their ids.
    """

    places: Mapping[uuid.UUID, str]
    members: Mapping[uuid.UUID, Name]
    people: Mapping[uuid.UUID, Name]
    keys: Mapping[uuid.UUID, str]
    emails: Mapping[uuid.UUID, str]


def names_for(
    actor: Actor,
    *,
    place_ids: Collection[uuid.UUID] | None = None,
    member_ids: Collection[uuid.UUID] = (),
    transactions: Iterable[Transaction] = (),
) -> Names:
    """Of organizations that the actor may see (place_ids: of these), and of members and API keys.

    transactions: of whoever spent and acted. One statement. Raises PermissionDenied.
    """
    rows = list(transactions)
    spent = {one.member_id for one in rows if one.member_id} | set(member_ids)
    acted = {one.actor_id for one in rows if one.actor_kind == ActorKind.PERSON and one.actor_id}
    of_keys = {one.actor_id for one in rows if one.actor_kind == ActorKind.API_KEY and one.actor_id}
    wanted = Q(id__in=spent) | Q(person_id__in=acted)
    places = places_for(actor)
    if place_ids is not None:
        places = places.filter(id__in=place_ids)
    empty, none = Value("", output_field=CharField()), Value(None, output_field=UUIDField())
    kinds = [Value(kind, output_field=CharField()) for kind in ("place", "member", "key")]
    found = (
        places.order_by()
        .values_list(kinds[0], "id", none, "name", empty, "path")
        .union(
            Member.objects.filter(wanted).values_list(
                kinds[1], "id", "person_id", "name", "email", empty
            ),
            ApiKey.objects.filter(id__in=of_keys).values_list(
                kinds[2], "id", none, "name", empty, empty
            ),
            all=True,
        )
    )
    by_kind: dict[str, list[Any]] = {"place": [], "member": [], "key": []}
    for kind, *row in found:
        by_kind[kind].append(row)
    members = [
        (id_, person_id, Name(name or email, email if name else ""), email)
        for id_, person_id, name, email, _path in by_kind["member"]
    ]
    return Names(
        {
            id_: name
            for id_, _none, name, _e, _path in sorted(by_kind["place"], key=lambda row: row[4])
        },
        {id_: name for id_, _person_id, name, _email in members},
        {person_id: name for _id, person_id, name, _email in members},
        {id_: name for id_, _none, name, _e, _path in by_kind["key"]},
        {id_: email for id_, _person_id, _name, email in members},
    )
