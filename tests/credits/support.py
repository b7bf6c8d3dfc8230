"""What tests of credits ask again and again."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from apps.common.actors import Actor
from apps.credits.enums import WALLET_ID, AccountKind, BudgetPeriod, GrantSource, TransactionKind
from apps.credits.fingerprints import fingerprint
from apps.credits.models import Account, Budget, Grant, Lot
from apps.credits.posting import Move, lock_accounts, post
from apps.credits.services import Spent, credits_debit, credits_hold, grant_create
from apps.credits.verifying import found_differences
from apps.organizations.models import Organization

SYSTEM = Actor.system("tests")
TRANSLATE = "tests.translate"
# Of a tenant that has done nothing with credits, and was asked nothing; the accounts are always there.
EMPTY_TABLES = [
    "feedback_prompt",
    "onboarding_dismissal",
    *(
        f"credits_{name}"
        for name in (
            *("adjustmentrequest", "archive", "budget", "carriedentry", "entry", "grant", "hold"),
            *("holdpart", "lot", "spendingcap", "transaction", "usageday", "usageevent"),
        )
    ),
]
SUMMARIZE = "tests.summarize"


def grant(amount: int, **fields: object) -> Grant:
    fields.setdefault("source", GrantSource.PROMOTION)
    fields.setdefault("reference", uuid.uuid4().hex)
    return grant_create(actor=SYSTEM, amount_microcredits=amount, **fields)  # type: ignore[arg-type]


def later(**units: float) -> datetime:
    return timezone.now() + timedelta(**units)


def debit(amount: int, key: str = "", **fields: object) -> Spent:
    fields.setdefault("operation", SUMMARIZE)
    fields.setdefault("actor", SYSTEM)
    return credits_debit(
        amount_microcredits=amount, idempotency_key=key or uuid.uuid4().hex, **fields
    )  # type: ignore[arg-type]


def hold(amount: int, key: str = "", **fields: object) -> Spent:
    fields.setdefault("operation", SUMMARIZE)
    fields.setdefault("actor", SYSTEM)
    return credits_hold(
        amount_microcredits=amount, idempotency_key=key or uuid.uuid4().hex, **fields
    )  # type: ignore[arg-type]


def balance(account_id: uuid.UUID = WALLET_ID) -> int:
    return Account.objects.get(id=account_id).balance_microcredits


def left_of(one: Grant) -> int:
    return sum(Lot.objects.filter(grant=one).values_list("remaining_microcredits", flat=True))


def branch(parent: Organization, name: str) -> Organization:
    return Organization.objects.add_child(parent, instance=Organization(name=name))


def budget_account(organization: Organization, *, is_hard: bool) -> uuid.UUID:
    """An empty budget, without the services that manage budgets."""
    account = Account.objects.create(kind=AccountKind.BUDGET, organization_id=organization.id)
    Budget.objects.create(
        account=account,
        organization_id=organization.id,
        amount_microcredits=0,
        period=BudgetPeriod.NONE,
        is_hard=is_hard,
        period_start=timezone.now().date(),
    )
    return account.id


def budget(organization: Organization, one: Grant, amount: int, *, is_hard: bool) -> uuid.UUID:
    """A budget with so much of a grant."""
    account_id = budget_account(organization, is_hard=is_hard)
    lock_accounts([WALLET_ID, account_id])
    post(
        actor=SYSTEM,
        kind=TransactionKind.ALLOCATION,
        moves=[Move(WALLET_ID, account_id, one.id, amount)],
        idempotency_key=uuid.uuid4().hex,
        fingerprint=fingerprint("tests"),
        balance_after=amount,
    )
    return account_id


def assert_sound() -> None:
    assert found_differences() == []
