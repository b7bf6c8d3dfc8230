"""What budgets are allocated and give back, and the beginning of their periods.

Budgets of a tenant change one after the other, under one key, while the tree stays as it is; spending does
not wait for that, only for the accounts. The order of locks: the tree, keys, grants, accounts.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.credits.allocating import allocatable, is_over, lots_locked, move, total
from apps.credits.budget_tree import Position, account_upward, position_of, with_path
from apps.credits.burning import lots_in_order
from apps.credits.enums import AccountKind, TransactionKind
from apps.credits.events import BudgetRenewed, BudgetUnderfunded
from apps.credits.models import Account, Budget
from apps.credits.periods import begins_now
from apps.credits.posting import lock_key
from apps.events.services import publish
from apps.organizations.models import Organization
from apps.organizations.tree_lock import tree_keep

ACTOR = Actor.system("credits")


def budgets_lock() -> None:
    """Budgets change one after the other, and meanwhile the tree does not. Two statements."""
    tree_keep()
    lock_key("budgets")


def new_key(budget: Budget) -> str:
    return f"budget:{budget.id}:{uuid7()}"


def allocate(
    *, actor: Actor, budget: Budget, at: Position, amount: int, key: str, now: datetime
) -> tuple[int, int]:
    """Move up to the amount into the budget from what it is allocated from: how much, and how much there was.

    Sets the budget's source_account_id; the caller saves it.
    """
    source_id = at.above_account_id
    accounts, lots = lots_locked(source_id, budget.account_id)
    fit = allocatable(lots, now, at.ids)
    done = move(
        actor=actor,
        kind=TransactionKind.ALLOCATION,
        lots=fit,
        amount=amount,
        to=accounts[budget.account_id],
        organization_id=budget.organization_id,
        key=key,
        now=now,
    )
    budget.source_account_id = source_id
    return done.amount_microcredits if done else 0, total(fit)


def give_back(
    *,
    actor: Actor,
    budget: Budget,
    to_id: uuid.UUID,
    amount: int | None,
    key: str,
    now: datetime,
    organization_ids: frozenset[uuid.UUID] = frozenset(),
) -> int:
    """Move up to the amount upwards, what would be used last first; None: all that is there. How much."""
    accounts, lots = lots_locked(budget.account_id, to_id)
    if amount is not None:
        lots = allocatable(lots, now, organization_ids)[::-1]
    done = move(
        actor=actor,
        kind=TransactionKind.DEALLOCATION,
        lots=lots,
        amount=total(lots) if amount is None else amount,
        to=accounts[to_id],
        organization_id=budget.organization_id,
        key=key,
        now=now,
    )
    return done.amount_microcredits if done else 0


def budgets_begin_period() -> int:
    """Begin the periods (UTC) of all budgets whose next one is there; of how many. For the system.

    What was not used goes back to where it came from, and the amount is allocated anew: moved is the
    difference. Parents come before what is below them. Where there is not enough above, what there is.
    Each in a transaction of its own, so that one that was killed goes on where it was; periods that passed
    meanwhile are left out. What came back to budgets that are closed goes upwards.
    """
    now = timezone.now()
    budgets = with_path(Budget.objects.filter(closed_at=None)).exclude(path=None)
    due = [one.id for one in budgets if begins_now(one.period, one.period_start, now)]
    begun = sum(budget_begin(budget_id, now) for budget_id in due)
    _return_what_came_back(now)
    return begun


@transaction.atomic
def budget_begin(budget_id: uuid.UUID, now: datetime) -> int:
    """1 if a period of the budget began by this. Nothing begins where the account, or the one above, is
    frozen, or the organization archived. Publishes budget_renewed, budget_underfunded.
    """
    budgets_lock()
    budget = Budget.objects.get(id=budget_id)
    start = begins_now(budget.period, budget.period_start, now)
    organization = Organization.objects.filter(id=budget.organization_id, archived_at=None).first()
    if start is None or budget.closed_at is not None or organization is None:
        return 0
    at = position_of(organization)
    if is_frozen(budget.account_id, at.above_account_id):
        return 0
    own, below = _left_in(budget, at, now)
    need = budget.amount_microcredits - own - below
    key = f"budget:{budget.id}:{start}"
    if need > 0:
        moved, _there = allocate(actor=ACTOR, budget=budget, at=at, amount=need, key=key, now=now)
    else:
        moved = -give_back(
            actor=ACTOR,
            budget=budget,
            to_id=at.above_account_id,
            amount=-need,
            key=key,
            now=now,
            organization_ids=at.ids,
        )
    budget.period_start = start
    budget.allocated_microcredits = own + below + moved
    budget.save()
    publish(
        BudgetRenewed(budget.id, organization.id, budget.allocated_microcredits, moved), actor=ACTOR
    )
    missing = budget.amount_microcredits - budget.allocated_microcredits
    if missing > 0:
        publish(
            BudgetUnderfunded(budget.id, organization.id, budget.amount_microcredits, missing),
            actor=ACTOR,
        )
    return 1


def is_frozen(*account_ids: uuid.UUID) -> bool:
    return Account.objects.filter(id__in=account_ids, frozen_at__isnull=False).exists()


def _left_in(budget: Budget, at: Position, now: datetime) -> tuple[int, int]:
    """What is left of the period before: in the budget, and in those below it whose period ends too.

    These get theirs from this one next, less what they have left; so it is part of what this one has. Not
    what is below a budget whose period goes on.
    """
    path = at.organization.path
    below = with_path(
        Budget.objects.filter(
            closed_at=None,
            organization_id__in=Organization.objects.filter(path__startswith=path)
            .exclude(path=path)
            .order_by()
            .values("id"),
        )
    )
    ending: list[uuid.UUID] = []
    going_on: list[str] = []
    for one in below:
        if not begins_now(one.period, one.period_start, now):
            going_on.append(one.path)
        elif not one.path.startswith(tuple(going_on)):
            ending.append(one.account_id)
    own = 0
    theirs = 0
    for lot in lots_in_order([budget.account_id, *ending]):
        if lot.account_id == budget.account_id:
            own += total(allocatable([lot], now, at.ids))
        elif not is_over(lot.grant, now) and not lot.grant.operations:
            theirs += lot.remaining_microcredits
    return own, theirs


def _return_what_came_back(now: datetime) -> None:
    """Holds that are released and refunds go to where they came from, also when that is closed by now."""
    came = Account.objects.filter(
        kind=AccountKind.BUDGET,
        balance_microcredits__gt=0,
        frozen_at=None,
        budget__closed_at__isnull=False,
    )
    for budget_id in list(came.values_list("budget__id", flat=True)):
        with transaction.atomic():
            budgets_lock()
            budget = Budget.objects.get(id=budget_id)
            if budget.closed_at is not None:
                give_back(
                    actor=ACTOR,
                    budget=budget,
                    to_id=account_upward(budget),
                    amount=None,
                    key=new_key(budget),
                    now=now,
                )
