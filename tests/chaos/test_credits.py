"""Many at once, and ten thousand steps against the model: nobody spends what is not there, or twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from django.db import connection

from apps.common.database import app_connection
from apps.common.errors import IdempotencyConflict
from apps.common.tenancy import tenant_context
from apps.credits.errors import InsufficientCredits
from apps.credits.models import Transaction
from apps.credits.permissions import SPEND_CREDITS
from apps.credits.services import hold_capture, hold_release
from apps.credits.verifying import differences
from apps.organizations.actors import actor_for
from apps.roles.services import api_key_create
from apps.sandbox.operations import ANSWER
from apps.tenants.models import Tenant
from tests.conftest import World
from tests.credits.conftest import _operations, inside
from tests.credits.support import SYSTEM, balance, debit, grant, hold, left_of
from tests.credits.test_model import STEPS, held_against_the_model

__all__ = ["_operations", "inside"]
CLIENTS, REQUESTS, CREDITS = 64, 5_000, 1_000
KILLS = 100
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


@pytest.mark.django_db(transaction=True)
def test_who_dies_between_commit_and_answer_spends_once(
    world: World, inside: Tenant, tell: Callable[[str], None]
) -> None:
    """Clients that send again, by the same key, until they are answered."""
    grant(10**9)
    with tenant_context(inside):
        owner = actor_for(world.alice)
        key = api_key_create(actor=owner, name="Meter", permission_codes=[SPEND_CREDITS]).text
    amounts: dict[str, int] = {}
    answered: Counter[str] = Counter()
    lock = threading.Lock()
    deaths = threading.Semaphore(0)
    enough = threading.Event()
    with _web() as (port, died):

        def client(number: int) -> None:
            chance = random.Random(number)
            while not enough.is_set():
                name, amount = uuid.uuid4().hex, chance.randint(1, 100)
                tries = _until_answered(port, inside, key, name, amount)
                with lock:
                    amounts[name] = amount
                    answered["replayed" if tries > 1 else "at once"] += 1

        clients = [
            threading.Thread(target=client, args=(number,)) for number in range(CLIENTS // 8)
        ]
        watcher = threading.Thread(target=died, args=(deaths, KILLS), daemon=True)
        watcher.start()
        for one in clients:
            one.start()
        for _ in range(KILLS):
            deaths.acquire()
        enough.set()
        for one in clients:
            one.join()
    spent = dict(
        Transaction.objects.filter(kind="debit").values_list(
            "idempotency_key", "amount_microcredits"
        )
    )
    assert spent == amounts
    assert balance() == 10**9 - sum(amounts.values())
    assert answered["replayed"] >= KILLS // 2
    assert differences() == []
    tell(f"{KILLS} deaths, {len(amounts)} debits, {answered['replayed']} of them sent again")


@contextmanager
def _web() -> Iterator[tuple[int, Callable[[threading.Semaphore, int], None]]]:
    """Its port, and what tells of each worker that died."""
    name = connection.settings_dict["NAME"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.credits_web", name],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = process.stdout

    def died(deaths: threading.Semaphore, times: int) -> None:
        for _ in range(times):
            assert int(said.readline()) == signal.SIGKILL
            deaths.release()

    try:
        yield int(said.readline()), died
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until_answered(port: int, tenant: Tenant, key: str, name: str, amount: int) -> int:
    """How often it was sent."""
    for tries in range(1, 100):
        try:
            answer = requests.post(
                f"http://127.0.0.1:{port}/api/v1/credits/debits/",
                json={"operation": ANSWER.code, "amount_microcredits": amount},
                headers={
                    "Host": tenant.host,
                    "Authorization": f"Bearer {key}",
                    "Idempotency-Key": name,
                },
                timeout=30,
            )
        except requests.RequestException:
            continue
        assert answer.status_code == 201, answer.text
        return tries
    raise AssertionError("nobody answers")


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_ten_thousand_steps_are_those_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    held_against_the_model(monkeypatch, examples=-(-MODEL_STEPS // STEPS), is_random=True)
