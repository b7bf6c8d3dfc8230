"""A tenant is one customer of Stripe, whoever asks and however often."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction

from apps.billing.customers import billing_customer_ensure, billing_customer_for
from apps.billing.errors import StripeRefused, StripeUnavailable
from apps.billing.inbox.processing import lane_process
from apps.billing.models import BillingCustomer
from apps.common.database import app_connection
from apps.common.errors import NotFound
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event
from tests.conftest import SYSTEM, World

pytestmark = pytest.mark.django_db


def created() -> list[OutboxEvent]:
    return list(OutboxEvent.objects.filter(name="billing.customer_created"))


def test_the_first_call_makes_it(stripe_double: StripeDouble, acme: Tenant) -> None:
    made = billing_customer_ensure(actor=SYSTEM, tenant=acme, email="billing@acme.test")
    assert (made.tenant_id, made.stripe_id, made.name) == (acme.id, "cus_1", "Acme")
    assert stripe_double.objects["/v1/customers/cus_1"]["metadata"] == {
        "billing_customer_id": str(made.id),
        "tenant_id": str(acme.id),
    }
    [published] = created()
    assert (published.tenant_id, published.payload) == (
        acme.id,
        {"customer_id": str(made.id), "stripe_id": "cus_1"},
    )
    assert billing_customer_ensure(actor=SYSTEM, tenant=acme, email="x@acme.test") == made
    assert len(stripe_double.requests) == 1
    assert len(created()) == 1


def test_in_a_request_of_the_tenant(stripe_double: StripeDouble, world: World) -> None:
    with tenant_context(world.acme):
        owner = actor_for(world.alice)
        with app_connection():
            made = billing_customer_ensure(actor=owner, tenant=world.acme)
            assert billing_customer_for(owner, world.acme.id) == made


def test_another_tenants_people_find_nothing(stripe_double: StripeDouble, world: World) -> None:
    with tenant_context(world.globex):
        outsider = actor_for(world.charlie)
        with app_connection():
            with pytest.raises(NotFound):
                billing_customer_ensure(actor=outsider, tenant=world.acme)
            with pytest.raises(NotFound):
                billing_customer_for(outsider, world.acme.id)
    assert (stripe_double.requests, BillingCustomer.objects.count()) == ([], 0)


def test_not_inside_a_transaction(stripe_double: StripeDouble, acme: Tenant) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        billing_customer_ensure(actor=SYSTEM, tenant=acme)
    assert BillingCustomer.objects.count() == 0


def test_a_refusal_leaves_the_intent(stripe_double: StripeDouble, acme: Tenant) -> None:
    Tenant.objects.filter(id=acme.id).update(name="bad")
    acme.refresh_from_db()
    with pytest.raises(StripeRefused):
        billing_customer_ensure(actor=SYSTEM, tenant=acme)
    assert BillingCustomer.objects.get().stripe_id is None
    assert created() == []


def test_who_dies_before_the_answer_leaves_it_to_the_next(
    stripe_double: StripeDouble, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_arguments: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apps.billing.customers.billing_customer_link", die)
        with pytest.raises(KeyboardInterrupt):
            billing_customer_ensure(actor=SYSTEM, tenant=acme)
    assert BillingCustomer.objects.get().stripe_id is None
    assert billing_customer_ensure(actor=SYSTEM, tenant=acme).stripe_id == "cus_1"
    assert list(stripe_double.objects) == ["/v1/customers/cus_1"]


def test_an_answer_that_is_lost_comes_as_an_event(
    stripe_double: StripeDouble, acme: Tenant, queued: list[str]
) -> None:
    row = BillingCustomer.objects.create(tenant=acme, name="Acme")
    now = stripe_double.put(
        id="cus_5",
        object="customer",
        name="Acme Ltd",
        email="pays@acme.test",
        currency="eur",
        metadata={"billing_customer_id": str(row.id)},
    )
    deliver(event("customer.created", now))
    assert lane_process("cus_5") == 1
    row.refresh_from_db()
    assert (row.stripe_id, row.name, row.email, row.currency) == (
        "cus_5",
        "Acme Ltd",
        "pays@acme.test",
        "eur",
    )
    assert [one.tenant_id for one in created()] == [acme.id]


@pytest.mark.parametrize(
    "said", [{}, {"billing_customer_id": "x"}, {"billing_customer_id": "{taken}"}]
)
def test_strangers_are_linked_to_nobody(
    stripe_double: StripeDouble, acme: Tenant, queued: list[str], said: dict[str, str]
) -> None:
    """A customer that somebody made by hand at Stripe, whatever it says of itself."""
    row = BillingCustomer.objects.create(tenant=acme, name="Acme", stripe_id="cus_1")
    metadata = {name: value.replace("{taken}", str(row.id)) for name, value in said.items()}
    now = stripe_double.put(id="cus_5", object="customer", name="Evil", metadata=metadata)
    deliver(event("customer.created", now))
    assert lane_process("cus_5") == 1
    row.refresh_from_db()
    assert (row.stripe_id, row.name) == ("cus_1", "Acme")


def test_what_people_change_at_stripe_is_followed(
    stripe_double: StripeDouble, acme: Tenant, queued: list[str]
) -> None:
    row = billing_customer_ensure(actor=SYSTEM, tenant=acme, email="old@acme.test")
    now = stripe_double.put(id="cus_1", object="customer", email="new@acme.test", name="New")
    deliver(event("customer.updated", now))
    lane_process("cus_1")
    row.refresh_from_db()
    assert (row.email, row.name) == ("new@acme.test", "New")


def test_an_outage_is_said(stripe_double: StripeDouble, acme: Tenant) -> None:
    stripe_double.outage = 503
    with pytest.raises(StripeUnavailable):
        billing_customer_ensure(actor=SYSTEM, tenant=acme)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one(stripe_double: StripeDouble, world: World) -> None:
    stripe_double.slow_s = 0.1
    together = threading.Barrier(20)
    found: list[str | None] = []

    def ensure() -> None:
        try:
            together.wait()
            with tenant_context(world.acme):
                found.append(billing_customer_ensure(actor=SYSTEM, tenant=world.acme).stripe_id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ensure) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["cus_1"] * 20
    assert len(stripe_double.objects) == 1
    assert BillingCustomer.objects.count() == 1
    assert len(created()) == 1
