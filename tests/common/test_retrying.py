"""Transactions that get into each other's way, for real: in threads that commit."""

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from apps.accounts.models import Person
from apps.common import retrying as module
from apps.common.retrying import is_conflict, retrying

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[BaseException]:
    """All at once, each in a thread with a connection of its own; what they raised."""
    raised: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - looked at below
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def renaming(first: Person, second: Person, barrier: threading.Barrier) -> Callable[[], None]:
    """Locks one row, waits until the other thread has the other one, the first time round, and locks that."""
    tries: list[int] = []

    @transaction.atomic
    def act() -> None:
        tries.append(1)
        Person.objects.filter(id=first.id).update(name=f"{len(tries)}")
        if len(tries) == 1:
            barrier.wait(10)
        Person.objects.filter(id=second.id).update(name=f"{len(tries)}")

    act.tries = tries  # type: ignore[attr-defined]
    return act


def test_without_it_a_deadlock_is_an_error(alice: Person, bob: Person) -> None:
    barrier = threading.Barrier(2)
    raised = together(renaming(alice, bob, barrier), renaming(bob, alice, barrier))
    assert len(raised) == 1
    assert is_conflict(raised[0])


def test_a_deadlock_is_tried_again(alice: Person, bob: Person) -> None:
    barrier = threading.Barrier(2)
    acts = [renaming(alice, bob, barrier), renaming(bob, alice, barrier)]
    assert together(*map(retrying, acts)) == []
    assert sorted(len(act.tries) for act in acts) == [1, 2]  # type: ignore[attr-defined]


def test_a_serialization_failure_is_tried_again(alice: Person) -> None:
    """Two that add what they read: none is lost."""
    Person.objects.filter(id=alice.id).update(name="0")
    barrier = threading.Barrier(2)

    def adding() -> Callable[[], None]:
        tries: list[int] = []

        @retrying
        @transaction.atomic
        def act() -> None:
            tries.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            before = int(Person.objects.get(id=alice.id).name)
            if len(tries) == 1:
                barrier.wait(10)
            Person.objects.filter(id=alice.id).update(name=str(before + 1))

        return act

    assert together(adding(), adding()) == []
    alice.refresh_from_db()
    assert alice.name == "2"


def failing(state: str | None) -> Callable[[], None]:
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        error = OperationalError("x")
        error.__cause__ = type("Cause", (Exception,), {"sqlstate": state})()
        raise error

    act.calls = calls  # type: ignore[attr-defined]
    return act


@pytest.mark.parametrize(
    ("state", "tries"), [("40001", 4), ("40P01", 4), ("57014", 1), ("55P03", 1), (None, 1)]
)
def test_so_often_and_only_then(
    state: str | None, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", 0.001)
    act = failing(state)
    with pytest.raises(OperationalError):
        retrying(act)()
    assert len(act.calls) == tries  # type: ignore[attr-defined]


def test_within_a_transaction_the_outermost_has_to() -> None:
    act = failing("40P01")
    with pytest.raises(OperationalError), transaction.atomic():
        retrying(act)()
    assert len(act.calls) == 1  # type: ignore[attr-defined]
