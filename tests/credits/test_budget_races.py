"""Budgets with threads and real commits."""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID
from apps.credits.models import Account, Budget, Grant, Transaction
from apps.credits.services import (
    budget_close,
    budget_periods,
    budget_set,
    budget_transfer,
    budgets_begin_period,
    grants_expire,
)
from apps.organizations.selectors import root_organization
from apps.tenants.models import Tenant
from tests.conftest import World
from tests.credits.conftest import Tree
from tests.credits.support import SYSTEM, assert_sound, balance, branch, debit, grant, later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def forest(world: World) -> Iterator[Tree]:
    with tenant_context(world.acme):
        root = root_organization()
        sales, support = branch(root, "Sales"), branch(root, "Support")
        yield Tree(root, sales, branch(sales, "West"), branch(sales, "East"), support)


def at_once(acme: Tenant, acts: list[Callable[[], Any]]) -> list[str]:
    """What becomes of them in threads of their own: codes of refusals, or ""."""
    barrier, outcomes = threading.Barrier(len(acts)), []

    def work(act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            with tenant_context(acme):
                act()
            outcomes.append("")
        except PlatformError as error:
            outcomes.append(error.code)
        except Exception as error:  # noqa: BLE001 - told to the test
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(outcomes)


def left(account_id: uuid.UUID) -> int:
    return Account.objects.get(id=account_id).balance_microcredits


def test_the_last_credits_are_transferred_once(forest: Tree, acme: Tenant) -> None:
    grant(300)
    ids = [
        budget_set(actor=SYSTEM, organization_id=one.id, amount_microcredits=100).account_id
        for one in (forest.sales, forest.support)
    ]

    def transfer(number: int) -> Callable[[], Any]:
        return lambda: budget_transfer(
            actor=SYSTEM,
            from_organization_id=forest.sales.id,
            to_organization_id=forest.support.id,
            amount_microcredits=100,
            idempotency_key=f"t{number}",
        )

    outcomes = at_once(acme, [transfer(number) for number in range(8)])
    assert outcomes == ["", *["insufficient_credits"] * 7]
    assert (balance(), *map(left, ids)) == (100, 0, 200)
    assert_sound()


def test_one_key_transfers_once(forest: Tree, acme: Tenant) -> None:
    grant(300)
    for one in (forest.sales, forest.support):
        budget_set(actor=SYSTEM, organization_id=one.id, amount_microcredits=100)

    def transfer() -> None:
        budget_transfer(
            actor=SYSTEM,
            from_organization_id=forest.sales.id,
            to_organization_id=forest.support.id,
            amount_microcredits=10,
            idempotency_key="same",
        )

    assert at_once(acme, [transfer] * 8) == [""] * 8
    assert Budget.objects.get(organization_id=forest.support.id).allocated_microcredits == 110
    assert_sound()


def test_one_budget_is_made_of_the_last_credits(forest: Tree, acme: Tenant) -> None:
    grant(100)
    places = [forest.sales, forest.support]

    def make(number: int) -> Callable[[], Any]:
        place = places[number % 2]
        return lambda: budget_set(actor=SYSTEM, organization_id=place.id, amount_microcredits=100)

    outcomes = at_once(acme, [make(number) for number in range(8)])
    # Whoever sets the one that is there finds that it is so.
    assert outcomes == [*[""] * 4, *["insufficient_credits"] * 4]
    assert (balance(), Budget.objects.count()) == (0, 1)
    assert_sound()


def test_a_period_begins_once_however_many_runs_see_to_it(forest: Tree, acme: Tenant) -> None:
    grant(1000)
    ids = [
        budget_set(actor=SYSTEM, organization_id=one.id, amount_microcredits=200).account_id
        for one in (forest.sales, forest.support)
    ]
    debit(150, organization_id=forest.sales.id)
    debit(50, organization_id=forest.support.id)
    Budget.objects.update(period_start="2020-01-01")
    assert at_once(acme, [budgets_begin_period] * 6) == [""] * 6
    assert (balance(), *map(left, ids)) == (400, 200, 200)
    assert Transaction.objects.filter(idempotency_key__startswith="budget:").count() == 4
    assert_sound()


def test_everything_at_once_loses_nothing(
    forest: Tree, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spending, allocating, closing, beginning periods and the end of grants, each again and again."""
    # Whenever somebody looks, the next period is there.
    monkeypatch.setattr(
        budget_periods, "begins_now", lambda _period, began, _now: began + timedelta(days=1)
    )
    for number in range(20):
        grant(1000, expires_at=later(days=1 + number % 3))
    budget_set(actor=SYSTEM, organization_id=forest.sales.id, amount_microcredits=4000)
    budget_set(actor=SYSTEM, organization_id=forest.support.id, amount_microcredits=2000)

    def many(act: Callable[[int], Any]) -> Callable[[], None]:
        def run() -> None:
            for number in range(12):
                try:
                    act(number)
                except PlatformError:
                    continue

        return run

    def end(number: int) -> None:
        ids = list(Grant.objects.filter(expired_at=None).values_list("id", flat=True)[:1])
        Grant.objects.filter(id__in=ids).update(
            effective_at=later(days=-2), expires_at=later(seconds=-1)
        )
        grants_expire()

    def set_or_close(number: int) -> None:
        if number % 3 == 2:
            budget_close(actor=SYSTEM, organization_id=forest.west.id)
        else:
            budget_set(
                actor=SYSTEM, organization_id=forest.west.id, amount_microcredits=100 * number
            )

    def move(number: int) -> None:
        budget_transfer(
            actor=SYSTEM,
            from_organization_id=forest.sales.id,
            to_organization_id=forest.support.id,
            amount_microcredits=50,
            idempotency_key=f"m{number}",
        )

    acts = [
        many(lambda n: debit(17, organization_id=forest.west.id)),
        many(lambda n: debit(13, organization_id=forest.support.id)),
        many(set_or_close),
        many(move),
        many(lambda _number: budgets_begin_period()),
        many(end),
    ]
    assert at_once(acme, acts) == [""] * len(acts)
    assert balance(WALLET_ID) >= 0
    assert_sound()
    # No credit of a grant that is over is left anywhere.
    grants_expire()
    over = Grant.objects.filter(expired_at__isnull=False, lots__remaining_microcredits__gt=0)
    assert not over.exists()
