"""Threads with connections of their own: as tests/chaos/test_credits.py, with fewer of them."""

import threading
import uuid
from collections import Counter

import pytest
from django.db import connection

from apps.common.database import app_connection
from apps.common.errors import IdempotencyConflict
from apps.common.tenancy import tenant_context
from apps.credits import group_commit
from apps.credits.enums import TransactionKind
from apps.credits.errors import InsufficientCredits
from apps.credits.fingerprints import known
from apps.credits.models import Transaction
from apps.credits.services import hold_capture, holds
from apps.credits.spending import Answer, Item, Place, spend
from apps.credits.verifying import differences
from apps.tenants.models import Tenant
from tests.credits.support import SYSTEM, balance, debit, grant, hold

THREADS = 8


def together(tenant: Tenant, amounts: list[int], key: str = "") -> Counter[str]:
    outcomes: Counter[str] = Counter()
    barrier = threading.Barrier(THREADS)

    def client(number: int) -> None:
        with app_connection(), tenant_context(tenant):
            barrier.wait()
            for amount in amounts[number::THREADS]:
                try:
                    debit(amount, key)
                    outcomes["done"] += 1
                except InsufficientCredits:
                    outcomes["refused"] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_as_many_succeed_as_there_are_credits_and_a_key_works_once(inside: Tenant) -> None:
    grant(100)
    assert together(inside, [1] * 160) == {"done": 100, "refused": 60}
    assert balance() == 0
    grant(50)
    assert together(inside, [7] * 24, "one key") == {"done": 24}
    assert balance() == 43
    assert Transaction.objects.filter(kind="debit").count() == 101
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_who_waits_goes_with_the_next_statement(
    inside: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's statement takes until all others wait: they take one more together."""
    grant(100)
    sizes: list[int] = []
    everybody_waits = threading.Event()

    def slow(place: Place, items: list[Item], now: object) -> list[Answer]:
        sizes.append(len(items))
        if len(sizes) == 1:
            everybody_waits.wait(20)
        return spend(place, items, now)  # type: ignore[arg-type]

    monkeypatch.setattr(group_commit, "spend", slow)

    def watch() -> None:
        while (
            sum(len(queue.waiting) for queue in list(group_commit._queues.values())) < THREADS - 1
        ):
            everybody_waits.wait(0.01)
        everybody_waits.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    assert together(inside, [1] * THREADS) == {"done": THREADS}
    watcher.join(20)
    assert sizes == [1, THREADS - 1]
    assert balance() == 100 - THREADS
    assert group_commit._queues == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_a_list_that_only_fits_in_parts_is_asked_for_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that an earlier one of the list left no room for, whether that one was taken or not."""
    from django.utils import timezone

    from apps.credits.fingerprints import fingerprint
    from tests.credits.support import SUMMARIZE, SYSTEM

    grant(100)
    items = [
        Item(key, fingerprint("tests", key=key), amount, SYSTEM)
        for key, amount in [("a", 60), ("b", 70), ("c", 40), ("d", 101)]
    ]
    place = Place(TransactionKind.DEBIT, None, SUMMARIZE)
    outcomes = [one.outcome.value for one in spend(place, items, timezone.now())]
    assert outcomes == ["posted", "undecided", "undecided", "insufficient"]
    assert group_commit.spend_alone(place, items[2], timezone.now()).outcome == "posted"
    assert group_commit.spend_alone(place, items[1], timezone.now()).outcome == "insufficient"
    assert balance() == 0


@pytest.mark.django_db(transaction=True)
def test_a_key_that_a_debit_takes_meanwhile_is_refused_to_a_capture(
    inside: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the capture's look for the key and its use."""
    grant(100)
    held = hold(10).transaction_id

    def debit_elsewhere() -> None:
        with app_connection(), tenant_context(inside):
            debit(3, "taken")
        connection.close()

    def look(key: str, print_: uuid.UUID) -> Transaction | None:
        found = known(key, print_)
        thread = threading.Thread(target=debit_elsewhere)
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(holds, "known", look)
    with pytest.raises(IdempotencyConflict):
        hold_capture(actor=SYSTEM, hold_id=held, idempotency_key="taken")
    assert Transaction.objects.get(idempotency_key="taken").kind == TransactionKind.DEBIT
    assert balance() == 87
    assert differences() == []
