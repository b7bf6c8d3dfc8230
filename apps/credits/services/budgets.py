"""Budgets: made, changed and closed, and credits transferred between them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.common.retrying import retrying
from apps.credits.allocating import allocatable, lots_locked, move, total
from apps.credits.amounts import credits_format, require_amount
from apps.credits.budget_tree import Position, account_upward, position_of
from apps.credits.enums import WALLET_ID, AccountKind, BudgetPeriod, TransactionKind
from apps.credits.errors import AccountFrozen, InsufficientCredits
from apps.credits.events import BudgetChanged, BudgetClosed, BudgetTransferred
from apps.credits.fingerprints import fingerprint, known, require_key
from apps.credits.models import Account, Budget, Transaction
from apps.credits.periods import begins_now, period_start
from apps.credits.permissions import MANAGE_BUDGETS
from apps.credits.selectors_budgets import organization_in_view
from apps.credits.services.budget_periods import (
    allocate,
    budget_begin,
    budgets_lock,
    give_back,
    is_frozen,
    new_key,
)
from apps.events.services import publish
from apps.organizations.models import Organization
from apps.organizations.selectors_tree import require_open
from apps.organizations.tree_lock import tree_kept


@dataclass(frozen=True, slots=True)
class Terms:
    """What is set of a budget. amount: in microcredits."""

    amount: int
    period: str
    is_hard: bool


@dataclass(frozen=True, slots=True)
class Transferred:
    """is_replay: the key was used before, and nothing was done again."""

    transaction: Transaction
    is_replay: bool


@retrying
@transaction.atomic
def budget_set(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    amount_microcredits: int | None = None,
    period: BudgetPeriod | None = None,
    is_hard: bool | None = None,
) -> Budget:
    """Make an organization's budget what is given; nothing happens if it is so.

    None: as it is; of a new one, which needs an amount, hard and for each month.
    More is allocated at once from the nearest budget above, or the wallet; less goes back there, as far as it
    is not used. The same amount again fills up what there was not enough for. Needs the permission at the
    organization above, as what is spent beyond a budget is taken there. Locks the tree, the budgets, grants
    and accounts. Publishes budget_changed. Raises PermissionDenied, NotFound, InvalidInput, Conflict (the
    workspace itself; there is no budget), OrganizationArchived, InsufficientCredits, AccountFrozen.
    """
    if amount_microcredits is not None:
        require_amount(amount_microcredits, least=0)
    if period is not None and period not in BudgetPeriod.values:
        raise InvalidInput.field("period", _("Use month, quarter or none."))
    now = timezone.now()
    at = _budget_position(actor, organization_id, now)
    require_open(at.organization)
    budget = at.own
    was = _terms(budget) if budget is not None and budget.closed_at is None else None
    if was is None and amount_microcredits is None:
        raise _no_budget(at.organization)
    old = was or Terms(0, BudgetPeriod.MONTH, is_hard=True)
    terms = Terms(
        old.amount if amount_microcredits is None else amount_microcredits,
        old.period if period is None else period,
        old.is_hard if is_hard is None else is_hard,
    )
    if budget is None:
        budget = _new(at.organization, now)
    elif was is None:
        # What came back to it since it was closed is the beginning of what it is allocated.
        budget.allocated_microcredits = budget.account.balance_microcredits
        budget.closed_at = None
    is_more = was is None or terms.amount > was.amount
    moved = _level(actor, budget, at, terms.amount, must=is_more, now=now)
    if terms == was and not moved:
        return budget
    if was is None or terms.period != was.period:
        budget.period_start = period_start(terms.period, now.date())
    budget.amount_microcredits = terms.amount
    budget.period = terms.period
    budget.is_hard = terms.is_hard
    budget.save()
    publish(
        BudgetChanged(
            budget_id=budget.id,
            organization_id=organization_id,
            from_amount_microcredits=was.amount if was else None,
            to_amount_microcredits=terms.amount,
            from_period=was.period if was else None,
            to_period=terms.period,
            from_hard=was.is_hard if was else None,
            to_hard=terms.is_hard,
            moved_microcredits=moved,
        ),
        actor=actor,
    )
    return budget


def _terms(budget: Budget) -> Terms:
    return Terms(budget.amount_microcredits, budget.period, budget.is_hard)


def _new(organization: Organization, now: datetime) -> Budget:
    account = Account.objects.create(kind=AccountKind.BUDGET, organization_id=organization.id)
    return Budget(
        account=account,
        organization_id=organization.id,
        amount_microcredits=0,
        period_start=now.date(),
    )


def _level(
    actor: Actor, budget: Budget, at: Position, amount: int, *, must: bool, now: datetime
) -> int:
    """Allocate what is missing to the amount, or give back what is beyond it: how much; below 0: back.

    must: all of it. Raises InsufficientCredits, AccountFrozen.
    """
    missing = amount - budget.allocated_microcredits
    if not missing:
        return 0
    if is_frozen(budget.account_id, at.above_account_id):
        raise AccountFrozen
    key = new_key(budget)
    if missing > 0:
        moved, there = allocate(actor=actor, budget=budget, at=at, amount=missing, key=key, now=now)
        if must and moved < missing:
            raise _insufficient(at.above_organization, there, missing)
    else:
        moved = -give_back(
            actor=actor,
            budget=budget,
            to_id=at.above_account_id,
            amount=-missing,
            key=key,
            now=now,
            organization_ids=at.ids,
        )
    budget.allocated_microcredits += moved
    return moved


def _insufficient(organization: Organization, there: int, asked: int) -> InsufficientCredits:
    return InsufficientCredits(
        _("%(name)s has %(there)s credits that can be allocated, and this takes %(asked)s.")
        % {
            "name": organization.name,
            "there": credits_format(there),
            "asked": credits_format(asked),
        }
    )


@transaction.atomic
def budget_close(*, actor: Actor, organization_id: uuid.UUID) -> int:
    """End an organization's budget; how much of it went back to the account above: all that was left.

    From then on the organization spends from what is above. Budgets below it stay, and are allocated from
    there too. Needs the permission at the organization above. Publishes budget_closed.
    Raises PermissionDenied, NotFound, Conflict (the workspace itself; there is no budget), AccountFrozen.
    """
    now = timezone.now()
    at = _budget_position(actor, organization_id, now)
    budget = at.own
    if budget is None or budget.closed_at is not None:
        raise _no_budget(at.organization)
    if is_frozen(budget.account_id, at.above_account_id):
        raise AccountFrozen
    return _close(actor, budget, at.above_account_id, now)


def _close(actor: Actor, budget: Budget, to_id: uuid.UUID, now: datetime) -> int:
    """What is frozen stays in the account until it is not any more."""
    returned = 0
    if not is_frozen(budget.account_id):
        returned = give_back(
            actor=actor, budget=budget, to_id=to_id, amount=None, key=new_key(budget), now=now
        )
    budget.closed_at = now
    budget.allocated_microcredits = 0
    budget.save()
    publish(BudgetClosed(budget.id, budget.organization_id, returned), actor=actor)
    return returned


@transaction.atomic
def budgets_close_gone(*, actor: Actor, organization_id: uuid.UUID) -> int:
    """Close the budgets of an organization that is archived or deleted, and of what is archived below it.

    For handlers; safe to repeat. Of how many. What is left goes upwards, as when they are closed by hand.
    Restoring does not bring budgets back. Publishes budget_closed for each.
    """
    budgets_lock()
    now = timezone.now()
    organization = Organization.objects.filter(id=organization_id).first()
    ids = [organization_id]
    if organization is not None:
        # Those above come first, so that what is below goes to what stays open.
        gone = Organization.objects.filter(
            path__startswith=organization.path, archived_at__isnull=False
        )
        ids = list(gone.values_list("id", flat=True))
    budgets = {
        one.organization_id: one
        for one in Budget.objects.filter(organization_id__in=ids, closed_at=None)
    }
    for one in ids:
        if one in budgets:
            _close(actor, budgets[one], account_upward(budgets[one]), now)
    return len(budgets)


@retrying
@transaction.atomic
def budget_transfer(
    *,
    actor: Actor,
    from_organization_id: uuid.UUID,
    to_organization_id: uuid.UUID,
    amount_microcredits: int,
    idempotency_key: str,
) -> Transferred:
    """Move credits from one organization's budget to another's; the workspace's own is the wallet.

    What both are allocated each period stays as it is; where there is no period, it changes along. Credits
    that the other could not spend are not moved. Needs the permission at both. Locks the tree, the budgets,
    grants and accounts. Publishes budget_transferred. Idempotent by the key.
    Raises PermissionDenied, NotFound, InvalidInput, Conflict (there is no budget), InsufficientCredits,
    AccountFrozen, IdempotencyConflict.
    """
    require_key(idempotency_key)
    require_amount(amount_microcredits)
    if from_organization_id == to_organization_id:
        raise InvalidInput.field("to_organization_id", _("Choose another organization."))
    now = timezone.now()
    actor = tree_kept(actor)
    budgets_lock()
    source = _side(actor, from_organization_id, now)
    target = _side(actor, to_organization_id, now)
    print_ = fingerprint(
        "budget_transfer",
        of=from_organization_id,
        to=to_organization_id,
        amount=amount_microcredits,
    )
    if earlier := known(idempotency_key, print_):
        return Transferred(earlier, is_replay=True)
    require_open(target.organization)
    from_id, to_id = _account_of(source), _account_of(target)
    if is_frozen(from_id, to_id):
        raise AccountFrozen
    accounts, lots = lots_locked(from_id, to_id)
    fit = allocatable(lots, now, target.ids)
    if total(fit) < amount_microcredits:
        raise _insufficient(source.organization, total(fit), amount_microcredits)
    done = move(
        actor=actor,
        kind=TransactionKind.ALLOCATION,
        lots=fit,
        amount=amount_microcredits,
        to=accounts[to_id],
        organization_id=to_organization_id,
        key=idempotency_key,
        print_=print_,
        now=now,
        details={"from_organization_id": str(from_organization_id)},
    )
    assert done is not None  # noqa: S101 - the amount is above 0, and there is enough
    _count_transfer(source, target, amount_microcredits)
    publish(
        BudgetTransferred(done.id, from_organization_id, to_organization_id, amount_microcredits),
        actor=actor,
    )
    return Transferred(done, is_replay=False)


def _side(actor: Actor, organization_id: uuid.UUID, now: datetime) -> Position:
    at = _begun(organization_in_view(actor, organization_id), now)
    authorize(actor, MANAGE_BUDGETS, at.organization)
    return at


def _account_of(at: Position) -> uuid.UUID:
    if at.organization.is_root():
        return WALLET_ID
    if at.own is None or at.own.closed_at is not None:
        raise _no_budget(at.organization)
    return at.own.account_id


def _count_transfer(source: Position, target: Position, amount: int) -> None:
    """What a budget is allocated counts with what is below it: of both sides, those that are not of both."""
    less = {one.id: one for one in source.open_budgets}
    more = {one.id: one for one in target.open_budgets}
    for of, other, change in ((less, more, -amount), (more, less, amount)):
        for budget in (one for id_, one in of.items() if id_ not in other):
            budget.allocated_microcredits = max(0, budget.allocated_microcredits + change)
            if budget.period == BudgetPeriod.NONE:
                budget.amount_microcredits = max(0, budget.amount_microcredits + change)
            budget.save()


def _budget_position(actor: Actor, organization_id: uuid.UUID, now: datetime) -> Position:
    """Locked, and with the periods begun that are due there. Raises as budget_set."""
    actor = tree_kept(actor)
    budgets_lock()
    organization = organization_in_view(actor, organization_id)
    if organization.is_root():
        raise Conflict(
            _("The workspace itself has no budget: it spends what is not allocated."),
            code="root_organization",
        )
    at = _begun(organization, now)
    authorize(actor, MANAGE_BUDGETS, at.above_organization)
    return at


def _begun(organization: Organization, now: datetime) -> Position:
    at = position_of(organization)
    due = [b.id for b in at.open_budgets if begins_now(b.period, b.period_start, now)]
    if sum(budget_begin(budget_id, now) for budget_id in due):
        at = position_of(organization)
    return at


def _no_budget(organization: Organization) -> Conflict:
    return Conflict(_("%(name)s has no budget.") % {"name": organization.name}, code="no_budget")
