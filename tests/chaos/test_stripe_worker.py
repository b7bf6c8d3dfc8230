"""A worker is killed while it waits for Stripe, or writes: the event takes effect once."""

from collections.abc import Iterator

import pytest
from django.db import connection

from apps.billing.models import BillingCustomer, StripeEvent
from apps.billing.tasks import sweep_stripe_events
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests import workers
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event

pytestmark = pytest.mark.django_db(transaction=True)

WORKER_S = 60


@pytest.fixture
def broker() -> Iterator[None]:
    with workers.table():
        yield


def lanes_taken() -> int:
    """How many advisory locks others hold in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])


def test_killed_while_stripe_is_asked(
    broker: None, stripe_double: StripeDouble, acme: Tenant
) -> None:
    """The lock is free at once, the sweep finds the row, and what is published is published once."""
    row = BillingCustomer.objects.create(tenant=acme, name="Acme")
    now = stripe_double.put(
        id="cus_1", object="customer", name="A", metadata={"billing_customer_id": str(row.id)}
    )
    stripe_double.slow_s = 3
    deliver(event("customer.created", dict(now)))
    for kills in range(1, 3):
        worker = workers.start_worker("sync", 1, STRIPE_API_BASE=stripe_double.url)
        try:
            # Held, and with no transaction open: Stripe takes its time.
            workers.wait_for(lambda kills=kills: len(stripe_double.headers) >= kills, WORKER_S)
            assert lanes_taken() == 1
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
                    "AND datname = current_database()"
                )
                assert cursor.fetchone() == (0,)
        finally:
            workers.kill_tree(worker)
        workers.wait_for(lambda: lanes_taken() == 0, 10)
        stored = StripeEvent.objects.get()
        assert (stored.state, stored.attempts) == ("pending", kills)
        workers.purge()  # the queue is lost too
        StripeEvent.objects.update(next_attempt_at=stored.received_at)
        sweep_stripe_events()
    stripe_double.slow_s = 0
    worker = workers.start_worker("sync", 1, STRIPE_API_BASE=stripe_double.url)
    try:
        workers.wait_for(lambda: StripeEvent.objects.get().state == "done", WORKER_S)
    finally:
        workers.kill_tree(worker)
    row.refresh_from_db()
    assert row.stripe_id == "cus_1"
    assert OutboxEvent.objects.filter(name="billing.customer_created").count() == 1
