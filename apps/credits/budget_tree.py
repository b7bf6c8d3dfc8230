"""Where budgets are in the tree of organizations: what an organization's budget is allocated from."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from apps.credits.enums import WALLET_ID
from apps.credits.models import Budget
from apps.organizations.models import Organization
from apps.organizations.selectors_tree import ancestor_paths


@dataclass(frozen=True, slots=True)
class Position:
    """Of an organization. line: from the workspace down to it. budgets: those of the line, from the top down,
    also the closed ones.
    """

    line: Sequence[Organization]
    budgets: Sequence[Budget]

    @property
    def organization(self) -> Organization:
        return self.line[-1]

    @property
    def ids(self) -> frozenset[uuid.UUID]:
        """Its own and those above: what a grant for some organizations must name to be good there."""
        return frozenset(one.id for one in self.line)

    @property
    def own(self) -> Budget | None:
        """Its own budget, also a closed one."""
        return next((b for b in self.budgets if b.organization_id == self.organization.id), None)

    @property
    def open_budgets(self) -> list[Budget]:
        return [one for one in self.budgets if one.closed_at is None]

    @property
    def above(self) -> Budget | None:
        """What its budget is allocated from: the nearest above that is not closed; None: the wallet."""
        found = [b for b in self.open_budgets if b.organization_id != self.organization.id]
        return found[-1] if found else None

    @property
    def above_account_id(self) -> uuid.UUID:
        return self.above.account_id if self.above else WALLET_ID

    @property
    def above_organization(self) -> Organization:
        """Whose account that is; the workspace's own is the wallet."""
        if self.above is None:
            return self.line[0]
        return next(one for one in self.line if one.id == self.above.organization_id)


def position_of(organization: Organization) -> Position:
    """Two statements."""
    line = list(Organization.objects.filter(path__in=ancestor_paths(organization.path)))
    budgets = {one.organization_id: one for one in budgets_of(one.id for one in line)}
    return Position(line, [budgets[one.id] for one in line if one.id in budgets])


def budgets_of(organization_ids: Iterable[uuid.UUID]) -> QuerySet[Budget]:
    return Budget.objects.select_related("account").filter(
        organization_id__in=list(organization_ids)
    )


def with_path(budgets: QuerySet[Budget]) -> QuerySet[Any]:
    """Each with the `path` of its organization, in tree order; NULL where it is deleted."""
    path = Organization.objects.filter(id=OuterRef("organization_id")).order_by().values("path")
    return budgets.annotate(path=Subquery(path[:1])).order_by("path")


def account_upward(budget: Budget) -> uuid.UUID:
    """Where what is left in a budget goes: the account above, also when its organization is deleted.

    Of a deleted one it is known from where it was allocated, and goes on from there.
    """
    seen: set[uuid.UUID] = set()
    while budget.account_id not in seen:
        seen.add(budget.account_id)
        organization = Organization.objects.filter(id=budget.organization_id).first()
        if organization is not None:
            return position_of(organization).above_account_id
        if budget.source_account_id is None:
            break
        source = Budget.objects.filter(account_id=budget.source_account_id).first()
        if source is None:
            break
        if source.closed_at is None:
            return source.account_id
        budget = source
    return WALLET_ID
