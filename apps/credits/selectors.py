"""What people and programs may see of credits: where they hold VIEW_CREDITS, and below.

The wallet, and what belongs to no organization, is seen by who holds it in the whole tenant.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import paths_allowed
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.common.ids import uuid7_since
from apps.credits.enums import GrantState, HoldState, TransactionKind
from apps.credits.models import (
    SPENDABLE,
    Account,
    Entry,
    Grant,
    Hold,
    Lot,
    Transaction,
    UsageDay,
)
from apps.credits.permissions import VIEW_CREDITS
from apps.organizations.models import Organization
from apps.organizations.selectors import below

MAX_USAGE_DAYS = 366
MAX_USAGE_ROWS = 10_000
# What usage can be grouped by, and the columns of UsageDay.
USAGE_GROUPS = {
    "day": "day",
    "organization": "organization_id",
    "member": "member_id",
    "operation": "operation",
}
# Ids are made, and moments read, by clocks and in an order that differ by less.
CLOCKS = timedelta(minutes=5)
FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def accounts_for(actor: Actor) -> QuerySet[Account]:
    """The wallet and the budgets, by id: the wallet first. One statement."""
    return Account.objects.filter(_visible(actor), kind__in=SPENDABLE)


def grants_for(actor: Actor) -> QuerySet[Grant]:
    """Grants with `left_microcredits` and `state` (GrantState). One statement.

    Who may not see the whole tenant gets those that lie in budgets that they see, and what is left there.
    """
    lots = Lot.objects.filter(grant=OuterRef("pk"))
    grants = Grant.objects.all()
    if paths_allowed(actor, VIEW_CREDITS) is not None:
        lots = lots.filter(account__in=accounts_for(actor).values("id"))
        grants = grants.filter(Exists(lots))
    left = lots.order_by().values("grant").annotate(sum=Sum("remaining_microcredits"))
    now = timezone.now()
    return grants.annotate(left_microcredits=Coalesce(Subquery(left.values("sum")), 0)).annotate(
        state=Case(
            When(revoked_at__isnull=False, then=Value(GrantState.REVOKED)),
            When(expires_at__lte=now, then=Value(GrantState.EXPIRED)),
            When(effective_at__gt=now, then=Value(GrantState.COMING)),
            When(left_microcredits=0, then=Value(GrantState.USED)),
            default=Value(GrantState.ACTIVE),
        )
    )


def grants_matching(grants: QuerySet[Any], *, source: str = "", state: str = "") -> QuerySet[Any]:
    """Narrow them down. source: GrantSource; state: GrantState."""
    if source:
        grants = grants.filter(source=source)
    return grants.filter(state=state) if state else grants


def holds_for(actor: Actor) -> QuerySet[Hold]:
    """One statement."""
    return Hold.objects.filter(_visible(actor))


def holds_matching(holds: QuerySet[Hold], *, state: HoldState | str = "") -> QuerySet[Hold]:
    return holds.filter(state=state) if state else holds


def hold_visible(actor: Actor, hold_id: uuid.UUID) -> Hold:
    """One statement. Raises NotFound."""
    found = holds_for(actor).filter(id=hold_id).first()
    if found is None:
        raise NotFound
    return found


def hold_expires_at(hold_id: uuid.UUID) -> datetime:
    """Of one that the caller has just made. One statement."""
    return Hold.objects.values_list("expires_at", flat=True).get(id=hold_id)


def transactions_for(actor: Actor) -> QuerySet[Transaction]:
    """What happened, each with its entries. Two statements a page."""
    entries = Prefetch("entries", Entry.objects.order_by("position"))
    return Transaction.objects.filter(_visible(actor)).prefetch_related(entries)


def transaction_visible(actor: Actor, transaction_id: uuid.UUID) -> Transaction:
    """Two statements. Raises NotFound."""
    found = transactions_for(actor).filter(id=transaction_id).first()
    if found is None:
        raise NotFound
    return found


def transactions_matching(
    transactions: QuerySet[Transaction],
    *,
    kind: TransactionKind | str = "",
    operation: str = "",
    organization: uuid.UUID | None = None,
    member: uuid.UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Transaction]:
    """Narrow them down. since: from this moment on; until: before this one.

    Both are also bounds of the ids, which the primary key finds.
    """
    exact: dict[str, Any] = {
        "kind": kind,
        "operation": operation,
        "organization_id": organization,
        "member_id": member,
    }
    transactions = transactions.filter(**{name: value for name, value in exact.items() if value})
    if since is not None:
        transactions = transactions.filter(created_at__gte=since, id__gte=_id_at(since, -CLOCKS))
    if until is not None:
        transactions = transactions.filter(created_at__lt=until, id__lt=_id_at(until, CLOCKS))
    return transactions


@dataclass(frozen=True, slots=True)
class Usage:
    """rows: the grouped columns, used_microcredits, uses. The sums are of all.

    is_truncated: there are more than MAX_USAGE_ROWS rows, which are not all here.
    """

    rows: list[dict[str, Any]]
    is_truncated: bool
    used_microcredits: int
    uses: int


def usage_for(
    actor: Actor,
    *,
    since: date,
    until: date,
    by: Sequence[str] = ("day",),
    organization: uuid.UUID | None = None,
    member: uuid.UUID | None = None,
    operation: str = "",
) -> Usage:
    """What was used from the day `since` to the day `until` (UTC), both included; at most MAX_USAGE_DAYS.

    by: of USAGE_GROUPS; with `day` in the order of days, otherwise what used the most first. Read from what
    is kept of each day, so that it costs the same however many spendings there were. Two statements.
    Raises InvalidInput.
    """
    if until < since:
        raise InvalidInput.field("until", _("It ends before it begins."))
    if (until - since).days >= MAX_USAGE_DAYS:
        raise InvalidInput.field(
            "since", _("Ask for at most %(days)s days at once.") % {"days": MAX_USAGE_DAYS}
        )
    if not by or len(set(by)) != len(by) or not set(by) <= USAGE_GROUPS.keys():
        raise InvalidInput.field("group_by", _("Name one or two of: %s.") % ", ".join(USAGE_GROUPS))
    exact: dict[str, Any] = {
        "organization_id": organization,
        "member_id": member,
        "operation": operation,
    }
    days = UsageDay.objects.filter(
        _visible(actor),
        day__range=(since, until),
        **{name: value for name, value in exact.items() if value},
    )
    sums = {"used_microcredits": Coalesce(Sum("used_microcredits"), 0), "uses": Sum("uses")}
    columns = [USAGE_GROUPS[one] for one in by]
    order = [one for one in columns if one == "day"] + ["-used_microcredits", *columns]
    total = days.aggregate(
        used=Coalesce(Sum("used_microcredits"), 0), count=Coalesce(Sum("uses"), 0)
    )
    rows = list(days.values(*columns).annotate(**sums).order_by(*order)[: MAX_USAGE_ROWS + 1])
    return Usage(
        rows[:MAX_USAGE_ROWS],
        len(rows) > MAX_USAGE_ROWS,
        int(total["used"]),
        int(total["count"]),
    )


def _id_at(moment: datetime, shift: timedelta) -> uuid.UUID:
    return uuid7_since(min(max(moment, FIRST), LAST) + shift)


def _visible(actor: Actor) -> Q:
    """Of rows with organization_id. Raises PermissionDenied for who holds it nowhere."""
    paths = paths_allowed(actor, VIEW_CREDITS)
    if paths is None:
        return Q()
    return Q(organization_id__in=Organization.objects.filter(below("path", paths)).values("id"))
