"""Any order, any repetition, with losses, one at a time or many: the same state in the end."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.utils import timezone

from apps.billing.inbox.processing import lane_process
from apps.billing.inbox.registry import StripeChange
from apps.billing.models import BillingCustomer, StripeEvent
from apps.billing.tasks import sweep_stripe_events
from apps.tenants.models import Tenant
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event

CUSTOMERS = ("cus_1", "cus_2", "cus_3")
STATUSES = ("incomplete", "trialing", "active", "past_due", "canceled")
CHANGES = 30
TIMES = 5
# Of deliveries; Stripe's own are repeated until they are answered.
LOST = 0.3
MODELS = ("Customer", "Subscription", "Product", "PaymentMethod")


class Life:
    """What happens at Stripe, and the events of it."""

    def __init__(self, double: StripeDouble, seed: int) -> None:
        self.double, self.chance = double, random.Random(seed)

    def change(self, number: int) -> dict[str, Any]:
        customer = self.chance.choice(CUSTOMERS)
        suffix = customer[-1]
        match self.chance.choice(("customer", "subscription", "subscription", "product", "method")):
            case "customer":
                now = self.double.put(
                    id=customer, object="customer", name=f"Name {number}", email="x@acme.test"
                )
                return event("customer.updated", dict(now))
            case "subscription":
                now = self.double.put(
                    id=f"sub_{suffix}",
                    object="subscription",
                    customer=customer,
                    status=self.chance.choice(STATUSES),
                    metadata={"change": str(number)},
                    items={"object": "list", "data": [], "has_more": False, "url": "/v1/x"},
                )
                return event("customer.subscription.updated", dict(now))
            case "product":
                now = self.double.put(
                    id=f"prod_{suffix}", object="product", name=f"Product {number}", type="service"
                )
                return event("product.updated", dict(now))
        is_attached = self.chance.random() < 0.5
        now = self.double.put(
            id=f"pm_{suffix}",
            object="payment_method",
            type="card",
            card={"last4": f"{number:04}"},
            billing_details={},
            customer=customer if is_attached else None,
        )
        if is_attached:
            return event("payment_method.attached", dict(now))
        return event("payment_method.detached", dict(now), previous={"customer": customer})

    def events(self) -> Iterator[dict[str, Any]]:
        for customer in CUSTOMERS:
            self.double.put(id=customer, object="customer", name="New", email="x@acme.test")
        yield from (self.change(number) for number in range(CHANGES))


def state() -> dict[str, dict[str, Any]]:
    return {
        name: {
            row.id: row.stripe_data
            for row in apps.get_model("djstripe", name).objects.order_by("id")
        }
        for name in MODELS
    }


def forget() -> None:
    StripeEvent.objects.all().delete()
    for name in reversed(MODELS):
        apps.get_model("djstripe", name).objects.all().delete()


def in_order(double: StripeDouble, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Each event delivered once, as it happens, and worked on before the next."""
    told = []
    for one in Life(double, seed).events():
        told.append(one)
        deliver(one)
        work()
    return told, state()


def work() -> None:
    for lane in set(StripeEvent.objects.filter(state="pending").values_list("lane", flat=True)):
        lane_process(lane)


def lossy(told: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Five of each, shuffled, without some; of the last event about each object one is left."""
    deliveries = [one for one in told for _ in range(TIMES) if chance.random() > LOST]
    last = {one["data"]["object"]["id"]: one for one in told}
    deliveries += last.values()
    chance.shuffle(deliveries)
    return deliveries


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_five_times_shuffled_and_some_lost(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange], seed: int
) -> None:
    told, wanted = in_order(stripe_double, seed)
    assert Counter(change.event_id for change in heard) == {one["id"]: 1 for one in told}
    forget()
    heard.clear()
    chance = random.Random(seed)
    deliveries = lossy(told, chance)
    for one in deliveries:
        assert deliver(one).status_code == 200
        if chance.random() < 0.2:
            work()
    work()
    assert state() == wanted
    # Each that came at all, once.
    assert Counter(change.event_id for change in heard) == {one["id"]: 1 for one in deliveries}
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.django_db
def test_while_it_still_changes(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    """Old events come between new ones; what is asked for is never older than what was told."""
    chance, told = random.Random(7), list[dict[str, Any]]()
    for one in Life(stripe_double, 7).events():
        told.append(one)
        for late in chance.choices(told, k=3):
            deliver(late)
        work()
    for one in told:
        deliver(one)
    work()
    for name, kind in (("Customer", "customers"), ("Subscription", "subscriptions")):
        for object_id, copy in state()[name].items():
            now = stripe_double.objects[f"/v1/{kind}/{object_id}"]
            # dj-stripe adds some of its own.
            assert {field: copy[field] for field in now} == now


@pytest.mark.django_db(transaction=True)
def test_by_many_at_once(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange], world: Any
) -> None:
    """Four workers, deliveries while they work: one at a time for each customer, each event once."""
    told, wanted = in_order(stripe_double, 1)
    forget()
    heard.clear()
    stripe_double.slow_s = 0.005
    deliveries = lossy(told, random.Random(1))
    over = threading.Event()
    errors: list[Exception] = []

    def worker(seed: int) -> None:
        chance = random.Random(seed)
        lanes = [*CUSTOMERS, *(f"prod_{one[-1]}" for one in CUSTOMERS)]
        try:
            while not over.is_set() or StripeEvent.objects.filter(state="pending").exists():
                lane_process(chance.choice(lanes))
        except Exception as error:  # noqa: BLE001 - of the thread, shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for one in deliveries:
        assert deliver(one).status_code == 200
    over.set()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert state() == wanted
    assert Counter(change.event_id for change in heard) == {one["id"]: 1 for one in deliveries}


@pytest.mark.django_db(transaction=True)
def test_who_finds_the_lane_taken_leaves_it_to_the_other(
    stripe_double: StripeDouble, queued: list[str], world: Any
) -> None:
    """... who looks again before leaving, so that what came meanwhile waits for no sweep."""
    stripe_double.slow_s = 0.3
    first = event(
        "customer.created", dict(stripe_double.put(id="cus_1", object="customer", name="A"))
    )
    deliver(first)
    done: list[int] = []

    def work_on() -> None:
        try:
            done.append(lane_process("cus_1"))
        finally:
            connections.close_all()

    thread = threading.Thread(target=work_on)
    thread.start()
    while not stripe_double.requests:
        threading.Event().wait(0.01)
    product = event(
        "customer.updated", dict(stripe_double.put(id="cus_1", object="customer", name="B"))
    )
    deliver(product)
    assert lane_process("cus_1") == 0
    thread.join(30)
    assert done == [2]
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"done"}
    assert state()["Customer"]["cus_1"]["name"] == "B"


@pytest.mark.django_db
def test_a_sweep_while_one_works_starts_nothing_twice(
    stripe_double: StripeDouble, queued: list[str]
) -> None:
    deliver(event("customer.created", dict(stripe_double.put(id="cus_1", object="customer"))))
    StripeEvent.objects.update(
        attempts=1, next_attempt_at=timezone.now() + timezone.timedelta(seconds=2)
    )
    queued.clear()
    sweep_stripe_events()
    assert queued == []


@pytest.mark.django_db
def test_what_is_told_before_the_customer_finds_its_tenant(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange], acme: Tenant
) -> None:
    """Whoever had the customer made died before Stripe answered, and its own event is late, or lost."""
    row = BillingCustomer.objects.create(tenant=acme, name="Acme")
    stripe_double.put(
        id="cus_1", object="customer", name="A", metadata={"billing_customer_id": str(row.id)}
    )
    method = stripe_double.put(
        id="pm_1",
        object="payment_method",
        type="card",
        card={"last4": "4242"},
        billing_details={},
        customer="cus_1",
    )
    deliver(event("payment_method.attached", dict(method)))
    work()
    assert [change.tenant_id for change in heard] == [acme.id]
    row.refresh_from_db()
    assert (row.stripe_id, row.name) == ("cus_1", "A")
