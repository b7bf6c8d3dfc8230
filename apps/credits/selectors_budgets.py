"""Reads of budgets and spending caps, as far as the actor may see credits."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from apps.common.access import allows, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.credits.budget_tree import with_path
from apps.credits.enums import WALLET_ID, BudgetPeriod
from apps.credits.models import Budget, SpendingCap
from apps.credits.periods import period_start
from apps.credits.permissions import MANAGE_BUDGETS, VIEW_CREDITS
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import below
from apps.organizations.selectors_tree import ancestor_paths

# Of organizations: what they and all below them used, each since a day; what is left in budgets below them;
# and the wallet. What was used by what is deleted by now, or at no organization, counts at the top.
FIGURES = """
WITH given AS (
    SELECT * FROM unnest(%(paths)s::text[], %(since)s::date[]) AS given (path, since)
), counted AS (
    SELECT u.organization_id, days.since, sum(u.used_microcredits) AS used
    FROM (SELECT DISTINCT since FROM given) days
    JOIN credits_usageday u ON u.day >= days.since
    GROUP BY 1, 2
), used AS (
    SELECT coalesce(o.path, %(root)s) AS path, counted.since, counted.used
    FROM counted LEFT JOIN organizations_organization o ON o.id = counted.organization_id
), used_within AS (
    SELECT given.path, sum(used.used) AS used
    FROM used CROSS JOIN generate_series(%(step)s, length(used.path), %(step)s) AS cut
    JOIN given ON given.path = substr(used.path, 1, cut) AND given.since = used.since
    GROUP BY given.path
), left_below AS (
    SELECT given.path, sum(a.balance_microcredits) AS left_there
    FROM credits_budget b
    JOIN credits_account a ON a.id = b.account_id
    JOIN organizations_organization o ON o.id = b.organization_id
    CROSS JOIN generate_series(%(step)s, length(o.path) - %(step)s, %(step)s) AS cut
    JOIN given ON given.path = substr(o.path, 1, cut)
    WHERE b.closed_at IS NULL
    GROUP BY given.path
)
SELECT given.path, coalesce(used_within.used, 0)::bigint, coalesce(left_below.left_there, 0)::bigint,
    wallet.balance_microcredits
FROM given
JOIN credits_account wallet ON wallet.id = %(wallet)s
LEFT JOIN used_within ON used_within.path = given.path
LEFT JOIN left_below ON left_below.path = given.path
"""


@dataclass(frozen=True, slots=True)
class Source:
    """An organization, by its id and name."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """An organization with what it may spend.

    budget: its own, if it has one that is not closed. left_microcredits: in its account; of the workspace
    itself: in the wallet; None where it has neither. left_below_microcredits: in budgets below it.
    used_microcredits: by it and all below it, since the day `since`: when the budget's period began, or the
    month. source: whose budget it is, or would be, allocated from; None: the wallet (is_from_wallet), or one
    that the actor does not see. can_manage: the actor may set its budget.
    """

    organization: Organization
    budget: Budget | None
    left_microcredits: int | None
    left_below_microcredits: int
    used_microcredits: int
    since: date
    source: Source | None
    is_from_wallet: bool
    can_manage: bool

    @property
    def percent(self) -> int:
        """How much is used of what is allocated; 100 at most."""
        if self.budget is None:
            return 0
        if not self.budget.allocated_microcredits:
            return 100
        return min(100, self.used_microcredits * 100 // self.budget.allocated_microcredits)

    def goes_back(self, amount_microcredits: int) -> int:
        """What goes to its source when the budget is set to the amount."""
        if self.budget is None or self.left_microcredits is None:
            return 0
        too_much = self.budget.allocated_microcredits - amount_microcredits
        return max(0, min(too_much, self.left_microcredits))


def organizations_in_view(actor: Actor) -> QuerySet[Organization]:
    """Where the actor may see credits, in tree order, also archived ones. Raises PermissionDenied."""
    return Organization.objects.filter(below("path", paths_allowed(actor, VIEW_CREDITS)))


def organization_in_view(actor: Actor, organization_id: uuid.UUID) -> Organization:
    """Raises PermissionDenied, NotFound."""
    found = organizations_in_view(actor).filter(id=organization_id).first()
    if found is None:
        raise NotFound
    return found


def organizations_budgeted(actor: Actor) -> QuerySet[Organization]:
    """Those in view that have a budget, in tree order."""
    open_ = Budget.objects.filter(closed_at=None).values("organization_id")
    return organizations_in_view(actor).filter(id__in=open_, archived_at=None)


def organizations_to_budget(
    actor: Actor, *, q: str = "", only_budgeted: bool = False
) -> QuerySet[Organization]:
    """Those in view that are not archived, in tree order. q: part of the name."""
    found = organizations_budgeted(actor) if only_budgeted else organizations_in_view(actor)
    found = found.filter(archived_at=None)
    return found.filter(name__icontains=q) if q else found


def organizations_to_transfer(actor: Actor) -> QuerySet[Organization]:
    """Those whose budgets the actor manages, in tree order; the workspace itself: its wallet."""
    managed = Organization.objects.filter(below("path", paths_allowed(actor, MANAGE_BUDGETS)))
    open_ = Budget.objects.filter(closed_at=None).values("organization_id")
    return managed.filter(Q(id__in=open_) | Q(depth=1), archived_at=None)


def budget_line(actor: Actor, organization_id: uuid.UUID) -> BudgetLine:
    """Raises PermissionDenied, NotFound."""
    return budget_lines(actor, [organization_in_view(actor, organization_id)])[0]


def budget_lines(actor: Actor, organizations: Sequence[Organization]) -> list[BudgetLine]:
    """In the order given. Two statements."""
    if not organizations:
        return []
    today = timezone.now().date()
    budgets = _open_budgets({path for one in organizations for path in ancestor_paths(one.path)})
    found = [_about(one, budgets, today) for one in organizations]
    figures = _figures((one.organization.path, one.since) for one in found)
    return [_line(actor, one, *figures[one.organization.path]) for one in found]


@dataclass(frozen=True, slots=True)
class _Found:
    """An organization, its budget, the nearest above, and since when its use counts."""

    organization: Organization
    own: Any
    above: Any
    since: date


def _line(actor: Actor, found: _Found, used: int, left_below: int, wallet: int) -> BudgetLine:
    organization, own, above = found.organization, found.own, found.above
    left = own.account.balance_microcredits if own else None
    is_seen = above is not None and allows(actor, VIEW_CREDITS, above)
    return BudgetLine(
        organization=organization,
        budget=own,
        left_microcredits=wallet if organization.is_root() else left,
        left_below_microcredits=left_below,
        used_microcredits=used,
        since=found.since,
        source=Source(above.organization_id, above.organization_name) if is_seen else None,
        is_from_wallet=above is None,
        can_manage=not organization.is_root() and allows(actor, MANAGE_BUDGETS, above),
    )


def _open_budgets(paths: Iterable[str]) -> dict[str, Any]:
    """By the paths of their organizations, with `organization_name`."""
    organizations = Organization.objects.filter(path__in=list(paths)).order_by()
    budgets = Budget.objects.select_related("account").filter(
        closed_at=None, organization_id__in=organizations.values("id")
    )
    of_it = Organization.objects.filter(id=OuterRef("organization_id")).order_by()
    named = budgets.annotate(organization_name=Subquery(of_it.values("name")[:1]))
    return {one.path: one for one in with_path(named)}


def _about(organization: Organization, budgets: dict[str, Any], today: date) -> _Found:
    line = [budgets.get(path) for path in ancestor_paths(organization.path)]
    own = line[-1]
    above = next((one for one in reversed(line[:-1]) if one is not None), None)
    since = own.period_start if own else period_start(BudgetPeriod.MONTH, today)
    return _Found(organization, own, above, since)


def _figures(given: Iterable[tuple[str, date]]) -> dict[str, tuple[int, int, int]]:
    """By path: used, left below, and the wallet."""
    paths, since = zip(*given, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            FIGURES,
            {
                "paths": list(paths),
                "since": list(since),
                "root": Organization._get_path("", 1, 1),
                "step": Organization.steplen,
                "wallet": WALLET_ID,
            },
        )
        return {path: (used, below, wallet) for path, used, below, wallet in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class CapLine:
    """A member, with their cap if they have one, and what they spent in the period that is now, since a day.

    since: None where there is no cap.
    """

    member: Member
    cap: SpendingCap | None
    since: date | None
    spent_microcredits: int
    can_manage: bool

    @property
    def percent(self) -> int:
        if self.cap is None:
            return 0
        if not self.cap.amount_microcredits:
            return 100
        return min(100, self.spent_microcredits * 100 // self.cap.amount_microcredits)

    @property
    def left_microcredits(self) -> int | None:
        if self.cap is None:
            return None
        return max(0, self.cap.amount_microcredits - self.spent_microcredits)


def members_in_view(actor: Actor, permission: str = VIEW_CREDITS) -> QuerySet[Member]:
    """Members whose primary organization is where the actor holds the permission; not the removed ones.

    Raises PermissionDenied.
    """
    inside = below("organization__path", paths_allowed(actor, permission))
    return (
        Member.objects.filter(inside)
        .exclude(status=MemberStatus.REMOVED)
        .select_related("organization")
    )


def members_capped(actor: Actor) -> QuerySet[Member]:
    """Those in view who have a spending cap."""
    return members_in_view(actor).filter(id__in=SpendingCap.objects.values("member_id"))


def cap_line(actor: Actor, member_id: uuid.UUID) -> CapLine:
    """Raises PermissionDenied, NotFound."""
    member = members_in_view(actor).filter(id=member_id).first()
    if member is None:
        raise NotFound
    return cap_lines(actor, [member])[0]


def cap_lines(actor: Actor, members: Sequence[Member]) -> list[CapLine]:
    """In the order given. One statement."""
    caps = {
        one.member_id: one
        for one in SpendingCap.objects.filter(member_id__in=[one.id for one in members])
    }
    today = timezone.now().date()
    return [_cap_line(actor, one, caps.get(one.id), today) for one in members]


def _cap_line(actor: Actor, member: Member, cap: SpendingCap | None, today: date) -> CapLine:
    """The row of a cap is of the period in which something was spent last."""
    since = period_start(cap.period, today) if cap else None
    is_now = cap is not None and cap.period_start == since
    return CapLine(
        member,
        cap,
        since,
        cap.spent_microcredits if cap and is_now else 0,
        allows(actor, MANAGE_BUDGETS, member.organization),
    )
