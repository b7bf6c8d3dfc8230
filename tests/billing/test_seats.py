"""Seats follow members: what comes and goes here is paid for at the sandbox's Stripe."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Retry
from django.db import connection
from django.utils import timezone

from apps.billing import gateway, tasks
from apps.billing.errors import StripeUnavailable
from apps.billing.inbox.lanes import lane_lock
from apps.billing.models import BillingCustomer, Price, Subscription
from apps.billing.services import (
    plan_change,
    seats_follow,
    seats_note_changed,
    seats_overdue,
    subscription_take_over,
)
from apps.billing.services import seats as service
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services import member_join, member_update_status, root_ensure
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests import snapshots
from tests.billing.test_buying import Shop, shop
from tests.conftest import SYSTEM, make_person

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tenants whose seats were queued to be followed; `follow` does it."""
    ids: list[str] = []
    monkeypatch.setattr(
        tasks.sync_seats, "apply_async", lambda args, **_options: ids.append(args[0])
    )
    monkeypatch.setattr(tasks.sync_seats, "delay", ids.append)
    return ids


def follow(asked: list[str]) -> int:
    """What a worker does a moment later; returns how many tasks it was."""
    drain_once()
    count = len(asked)
    for tenant_id in asked:
        tasks.sync_seats.run(tenant_id)
    asked.clear()
    return count


def join(tenant: Tenant, *names: str) -> None:
    with tenant_context(tenant):
        for name in names:
            member_join(
                actor=SYSTEM,
                person=make_person(f"{name.title()} New", f"{name}@acme.test"),
                organization=root_ensure("Acme"),
                roles=[role_by_code("member")],
            )


def leave(tenant: Tenant, email: str, status: MemberStatus = MemberStatus.DEACTIVATED) -> None:
    with tenant_context(tenant):
        member = Member.objects.get(email=email)
        member_update_status(actor=SYSTEM, member_id=member.id, status=status)


def at_stripe(shop: Shop) -> list[tuple[str, int]]:
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(shop.row.stripe_id)
    return [(one.price.id, one.quantity or 0) for one in found["items"].data]


def lines(shop: Shop) -> list[int]:
    """What the next invoice has beside the seats themselves."""
    with gateway.stripe_client() as client:
        asked: Any = {"subscription": shop.row.stripe_id}
        found = client.v1.invoices.create_preview(asked).to_dict()
    return [
        one["amount"]
        for one in found["lines"]["data"]
        if one["parent"]["type"] == "invoice_item_details"
        or (one["parent"].get("subscription_item_details") or {}).get("proration")
    ]


def subscribed(shop: Shop, code: str = "starter") -> Price:
    def buy() -> None:
        drain_once()  # of those who were there
        shop.buy(code)
        shop.pass_days(15)

    snapshots.once(f"subscribed to {code}", buy)
    assert shop.row.quantity == 2
    assert shop.row.seats_changed_at is None
    price = shop.row.price
    assert price is not None
    return price


def test_who_joins_is_paid_for_and_who_leaves_is_not(shop: Shop, asked: list[str]) -> None:
    price = subscribed(shop)
    join(shop.tenant, "dora")
    assert follow(asked) == 1
    assert at_stripe(shop) == [(price.stripe_price_id, 3)]
    assert (shop.row.quantity, shop.row.seats_changed_at) == (3, None)
    # A new third seat, less a second's worth: credit for two, charge for three.
    charged = lines(shop)
    assert len(charged) == 2
    assert 0 < sum(charged) <= price.amount_minor
    leave(shop.tenant, "dora@acme.test")
    assert follow(asked) == 1
    assert at_stripe(shop) == [(price.stripe_price_id, 2)]
    assert abs(sum(lines(shop))) <= 1
    leave(shop.tenant, "dora@acme.test", MemberStatus.ACTIVE)
    assert follow(asked) == 1
    assert at_stripe(shop) == [(price.stripe_price_id, 3)]
    leave(shop.tenant, "dora@acme.test", MemberStatus.REMOVED)
    assert follow(asked) == 1
    assert at_stripe(shop) == [(price.stripe_price_id, 2)]
    shop.settle()
    assert (shop.row.quantity, shop.row.seats_changed_at) == (2, None)


def test_five_who_join_at_once_are_one_change(shop: Shop, asked: list[str]) -> None:
    price = subscribed(shop)
    join(shop.tenant, "dora", "emil", "fred", "gina", "hans")
    # Events of several members may come in several batches.
    assert 1 <= follow(asked) <= 5
    assert at_stripe(shop) == [(price.stripe_price_id, 7)]
    assert len(lines(shop)) == 2
    assert (shop.row.quantity, shop.row.seats_changed_at) == (7, None)


def test_killed_after_stripe_has_answered(
    shop: Shop, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    price = subscribed(shop)
    join(shop.tenant, "dora")

    def killed(**_values: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(service, "subscription_take_over", killed)
        with pytest.raises(SystemExit):
            follow(asked)
    assert shop.row.quantity == 2
    assert at_stripe(shop) == [(price.stripe_price_id, 3)]
    # Somebody left meanwhile: what we know is right by chance, and what Stripe knows is not.
    leave(shop.tenant, "dora@acme.test")
    drain_once()
    asked.clear()
    with system_connection():
        assert seats_overdue(10) == []
        Subscription.objects.update(seats_changed_at=timezone.now() - timedelta(seconds=61))
    tasks.sweep_seats()
    assert asked == [str(shop.tenant.id)]
    follow(asked)
    assert at_stripe(shop) == [(price.stripe_price_id, 2)]
    assert (shop.row.quantity, shop.row.seats_changed_at) == (2, None)


def test_while_stripe_is_away(shop: Shop, asked: list[str], settings: Any) -> None:
    price = subscribed(shop)
    join(shop.tenant, "dora")
    base, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://localhost:9"
    drain_once()
    with pytest.raises(StripeUnavailable):
        seats_follow(actor=SYSTEM, tenant_id=shop.tenant.id)
    assert shop.row.seats_changed_at is not None
    settings.STRIPE_API_BASE = base
    follow(asked)
    assert at_stripe(shop) == [(price.stripe_price_id, 3)]


def test_while_another_is_at_work_on_the_customer(shop: Shop, asked: list[str]) -> None:
    subscribed(shop)
    join(shop.tenant, "dora")
    with system_connection():
        lane = BillingCustomer.objects.get(tenant=shop.tenant).stripe_id or ""

    answers: list[bool] = []

    def other() -> None:
        answers.append(seats_follow(actor=SYSTEM, tenant_id=shop.tenant.id))
        connection.close()

    drain_once()
    with lane_lock(lane) as is_mine:
        assert is_mine
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert answers == [False]
        assert shop.row.quantity == 2
    assert seats_follow(actor=SYSTEM, tenant_id=shop.tenant.id)
    assert shop.row.quantity == 3


def test_who_came_while_the_page_was_open(shop: Shop, asked: list[str]) -> None:
    """Nobody has a subscription yet whose seats could be noted: Stripe's first word is compared."""
    shop.buy("starter")
    with system_connection():
        Subscription.objects.all().delete()
    join(shop.tenant, "dora")
    assert follow(asked) == 0
    with gateway.stripe_client() as client:
        [found] = client.v1.subscriptions.list({}).data
    with system_connection():
        subscription_take_over(actor=SYSTEM, tenant_id=shop.tenant.id, found=found.to_dict())
    assert shop.row.seats_changed_at is not None
    assert seats_follow(actor=SYSTEM, tenant_id=shop.tenant.id)
    assert (shop.row.quantity, shop.row.seats_changed_at) == (3, None)


def test_a_downgrade_that_waits_has_its_seats_too(shop: Shop, asked: list[str]) -> None:
    business = subscribed(shop, "business")
    starter = shop.price("starter")
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1")
    shop.settle()
    join(shop.tenant, "dora")
    follow(asked)
    shop.settle()
    assert at_stripe(shop) == [(business.stripe_price_id, 3)]
    assert (shop.row.quantity, shop.row.next_price, shop.plan) == (3, starter, "business")
    shop.pass_days(32)
    assert at_stripe(shop) == [(starter.stripe_price_id, 3)]
    assert (shop.row.quantity, shop.row.next_price, shop.plan) == (3, None, "starter")
    assert shop.row.seats_changed_at is None


def test_what_is_not_paid_by_seat_does_not_follow(shop: Shop, asked: list[str]) -> None:
    join(shop.tenant, "dora")
    assert follow(asked) == 0
    with system_connection():
        Price.objects.update(is_per_seat=False)
    shop.buy("starter")
    assert shop.row.quantity == 1
    join(shop.tenant, "emil")
    assert follow(asked) == 0
    assert shop.row.seats_changed_at is None
    assert [quantity for _price, quantity in at_stripe(shop)] == [1]


def test_a_subscription_that_ended_at_stripe(shop: Shop, asked: list[str]) -> None:
    subscribed(shop)
    join(shop.tenant, "dora")
    drain_once()
    with gateway.stripe_client() as client:
        client.v1.subscriptions.cancel(shop.row.stripe_id)
    follow(asked)
    assert (shop.row.standing, shop.row.seats_changed_at) == ("ended", None)
    join(shop.tenant, "emil")
    assert follow(asked) == 0


def test_the_task_asks_again(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "seats_follow", lambda **_values: False)
    with pytest.raises(Retry):
        tasks.sync_seats.run(str(acme.id))


def test_only_the_platform(shop: Shop, asked: list[str], globex: Tenant) -> None:
    subscribed(shop)
    for act in (seats_follow, seats_note_changed):
        with pytest.raises(PermissionDenied):
            act(actor=shop.owner, tenant_id=shop.tenant.id)
    # Another tenant's members are none of this one's.
    join(globex, "dora")
    assert follow(asked) == 0
    assert seats_note_changed(actor=Actor.system("tests"), tenant_id=globex.id) is False
    assert shop.row.seats_changed_at is None
