"""Many at once, and ten thousand steps against the model: nobody spends what is not there, or twice."""

import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from apps.common.database import app_connection
from apps.common.tenancy import tenant_context
from apps.credits.errors import IdempotencyConflict, InsufficientCredits
from apps.credits.models import Transaction
from apps.credits.services import hold_capture, hold_release
from apps.credits.verifying import differences
from apps.tenants.models import Tenant
from tests.credits.conftest import *  # noqa: F403 - its fixtures
from tests.credits.support import SYSTEM, balance, debit, grant, hold, left_of
from tests.credits.test_model import STEPS, held_against_the_model

CLIENTS, REQUESTS, CREDITS = 64, 5_000, 1_000
MODEL_STEPS = int(os.environ.get("CREDITS_STEPS", "10000"))


def at_once(tenant: Tenant, clients: int, act: Callable[[int], object]) -> Counter[str]:
    """Each client acts at the same time, with a connection of its own; how often what came of it."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    barrier = threading.Barrier(clients)

    def client(number: int) -> None:
        with app_connection(), tenant_context(tenant):
            barrier.wait()
            mine: Counter[str] = Counter()
            for _ in range(-(-REQUESTS // CLIENTS) if clients == CLIENTS else 1):
                try:
                    act(number)
                except Exception as error:  # noqa: BLE001 - counted
                    mine[type(error).__name__] += 1
                else:
                    mine["done"] += 1
        connection.close()
        with lock:
            outcomes.update(mine)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_of_five_thousand_as_many_succeed_as_there_are_credits(inside: Tenant) -> None:
    grant(CREDITS)
    outcomes = at_once(inside, CLIENTS, lambda _number: debit(1))
    assert outcomes["done"] == CREDITS
    assert outcomes[InsufficientCredits.__name__] == sum(outcomes.values()) - CREDITS >= 4_000
    assert balance() == 0
    assert Transaction.objects.filter(kind="debit").count() == CREDITS
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_of_different_sizes_nothing_is_left_that_somebody_could_have_had(inside: Tenant) -> None:
    one = grant(CREDITS)
    sizes = [1, 2, 3, 5, 8, 13, 21, 34]
    outcomes = at_once(inside, CLIENTS, lambda number: debit(sizes[number % len(sizes)]))
    assert balance() == left_of(one)
    # Whoever wants one credit asks to the end.
    assert balance() == 0
    assert outcomes["done"] < sum(outcomes.values())
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_a_key_that_fifty_use_at_once_has_one_effect(inside: Tenant) -> None:
    grant(CREDITS)
    outcomes = at_once(inside, 50, lambda _number: debit(7, "one key"))
    assert outcomes == {"done": 50}
    assert balance() == CREDITS - 7
    mixed = at_once(inside, 50, lambda number: debit(7 + number % 2, "another"))
    assert set(mixed) == {"done", IdempotencyConflict.__name__}
    assert min(mixed.values()) == 25
    assert Transaction.objects.filter(kind="debit").count() == 2
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_a_hold_is_captured_or_released_and_never_both(inside: Tenant) -> None:
    grant(CREDITS)
    held = hold(100).transaction_id

    def act(number: int) -> None:
        key = uuid.uuid4().hex
        if number % 2:
            hold_capture(actor=SYSTEM, hold_id=held, amount_microcredits=30, idempotency_key=key)
        else:
            hold_release(actor=SYSTEM, hold_id=held, idempotency_key=key)

    outcomes = at_once(inside, 20, act)
    assert 1 <= outcomes["done"] <= 4
    used = Transaction.objects.filter(kind="capture").count() * 30
    assert balance() == CREDITS - used
    assert differences() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_ten_thousand_steps_are_those_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    held_against_the_model(monkeypatch, examples=-(-MODEL_STEPS // STEPS), is_random=True)
