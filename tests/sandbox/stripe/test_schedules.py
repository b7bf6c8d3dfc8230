"""Schedules: a downgrade at the end of the period, phases that make a subscription, release and cancel."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import Shop, at
from tests.sandbox.stripe.conftest import Sandbox

START, RENEWS = "2026-04-01", "2026-05-01"


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    made = Shop(sandbox)
    made.pass_time(START)
    return made


@pytest.fixture
def downgrading(shop: Shop) -> tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]:
    """From $50 to $20 at the end of April, for two months."""
    large, small = shop.price(5000), shop.price(2000)
    found = shop.subscribe(shop.customer(), large)
    schedule = shop.v1.subscription_schedules.create({"from_subscription": found.id})
    now = schedule.phases[0]
    phases: Any = [
        {
            "items": [{"price": large, "quantity": 1}],
            "start_date": now.start_date,
            "end_date": now.end_date,
        },
        {
            "items": [{"price": small, "quantity": 1}],
            "duration": {"interval": "month", "interval_count": 2},
        },
    ]
    changed = shop.v1.subscription_schedules.update(
        schedule.id, {"phases": phases, "end_behavior": "release"}
    )
    return found, changed, small


def test_a_downgrade_at_the_end_of_the_period(
    shop: Shop, downgrading: tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]
) -> None:
    found, schedule, small = downgrading
    assert schedule.status == "active"
    assert [(one.start_date, one.end_date) for one in schedule.phases] == [
        (at(START), at(RENEWS)),
        (at(RENEWS), at("2026-07-01")),
    ]
    assert shop.v1.subscriptions.retrieve(found.id).schedule == schedule.id
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": True})
    shop.pass_time(at(RENEWS) + 3600)
    now = shop.v1.subscriptions.retrieve(found.id)
    assert now["items"].data[0].price.id == small
    assert now["items"].data[0].id == found["items"].data[0].id
    assert [one.total for one in shop.invoices()] == [5000, 2000]
    assert shop.v1.invoice_items.list().data == []
    moved = shop.v1.subscription_schedules.retrieve(schedule.id)
    assert moved.current_phase.start_date == at(RENEWS)  # type: ignore[union-attr]
    shop.pass_time("2026-07-01T02:00:00")
    done = shop.v1.subscription_schedules.retrieve(schedule.id)
    assert (done.status, done.subscription, done.released_subscription) == (
        "completed",
        None,
        found.id,
    )
    now = shop.v1.subscriptions.retrieve(found.id)
    assert (now.status, now.schedule) == ("active", None)
    assert [one.total for one in shop.invoices()] == [5000, 2000, 2000, 2000]


def test_a_downgrade_is_undone(
    shop: Shop, downgrading: tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]
) -> None:
    found, schedule, _ = downgrading
    released = shop.v1.subscription_schedules.release(schedule.id)
    assert released.status == "released"
    shop.pass_time(at(RENEWS) + 3600)
    assert [one.total for one in shop.invoices()] == [5000, 5000]
    assert shop.v1.subscriptions.retrieve(found.id).schedule is None
    with pytest.raises(stripe.InvalidRequestError, match="released"):
        shop.v1.subscription_schedules.release(schedule.id)


def test_a_schedule_ends_with_its_subscription(
    shop: Shop, downgrading: tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]
) -> None:
    found, schedule, _ = downgrading
    shop.v1.subscriptions.cancel(found.id)
    assert shop.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert len(shop.events("subscription_schedule.canceled")) == 1


def test_phases_that_make_a_subscription_and_end_it(shop: Shop) -> None:
    low, high = shop.price(1000), shop.price(3000)
    phases: Any = [
        {"items": [{"price": low}], "duration": {"interval": "month", "interval_count": 1}},
        {"items": [{"price": high, "quantity": 2}]},
    ]
    schedule = shop.v1.subscription_schedules.create(
        {
            "customer": shop.customer(),
            "start_date": at("2026-04-10"),
            "end_behavior": "cancel",
            "phases": phases,
        }
    )
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    assert shop.v1.subscriptions.list().data == []
    shop.pass_time("2026-04-10")
    schedule = shop.v1.subscription_schedules.retrieve(schedule.id)
    (found,) = shop.v1.subscriptions.list().data
    assert (schedule.status, schedule.subscription, found.schedule) == (
        "active",
        found.id,
        schedule.id,
    )
    shop.pass_time("2026-06-11")
    assert [one.total for one in shop.invoices()] == [1000, 6000]
    assert shop.status(found) == "canceled"
    assert shop.v1.subscription_schedules.retrieve(schedule.id).status == "completed"


def test_a_schedule_is_canceled_with_its_subscription(
    shop: Shop, downgrading: tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]
) -> None:
    found, schedule, _ = downgrading
    gone = shop.v1.subscription_schedules.cancel(schedule.id)
    assert (gone.status, shop.status(found)) == ("canceled", "canceled")
    assert len(shop.events("subscription_schedule.canceled")) == 1


def test_what_is_refused(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(5000))
    create = shop.v1.subscription_schedules.create
    schedule = create({"from_subscription": found.id})
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        create({"from_subscription": found.id})
    with pytest.raises(stripe.InvalidRequestError, match="from_subscription"):
        create({"from_subscription": found.id, "end_behavior": "cancel"})
    gap: Any = [
        {"items": [{"price": shop.price(100)}], "start_date": at(START), "end_date": at(RENEWS)},
        {"items": [{"price": shop.price(200)}], "start_date": at("2026-05-05")},
    ]
    with pytest.raises(stripe.InvalidRequestError, match="end date of the one before"):
        shop.v1.subscription_schedules.update(schedule.id, {"phases": gap})
    assert shop.v1.subscription_schedules.retrieve(schedule.id).phases[0].end_date == at(RENEWS)


def test_a_price_that_is_archived_meanwhile_is_still_entered(
    shop: Shop, downgrading: tuple[stripe.Subscription, stripe.SubscriptionSchedule, str]
) -> None:
    found, _, small = downgrading
    shop.v1.prices.update(small, {"active": False})
    shop.pass_time(at(RENEWS) + 3600)
    assert shop.invoice(found).total == 2000


def test_a_phase_that_cannot_be_entered_lets_go(shop: Shop) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    price = shop.price(5000)
    found = shop.subscribe(shop.customer(), price)
    schedule = shop.v1.subscription_schedules.create({"from_subscription": found.id})
    now = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": price}], "start_date": now.start_date, "end_date": now.end_date},
        {"items": [{"price": price}], "discounts": [{"coupon": coupon}]},
    ]
    shop.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    shop.v1.coupons.delete(coupon)
    shop.pass_time(at(RENEWS) + 3600)
    assert shop.v1.subscription_schedules.retrieve(schedule.id).status == "released"
    assert [one.total for one in shop.invoices()] == [5000, 5000]


def test_a_start_without_a_card_waits(shop: Shop) -> None:
    phases: Any = [{"items": [{"price": shop.price(1000)}]}]
    given: Any = {"customer": shop.customer(None), "start_date": "now", "phases": phases}
    schedule = shop.v1.subscription_schedules.create(given)
    (found,) = shop.v1.subscriptions.list().data
    assert (schedule.subscription, found.status) == (found.id, "incomplete")


def test_from_monthly_to_yearly_by_schedule(shop: Shop) -> None:
    monthly, yearly = shop.price(1000), shop.price(9000, every="year")
    found = shop.subscribe(shop.customer(), monthly)
    schedule = shop.v1.subscription_schedules.create({"from_subscription": found.id})
    now = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": monthly}], "start_date": now.start_date, "end_date": now.end_date},
        {"items": [{"price": yearly}], "duration": {"interval": "year"}},
    ]
    shop.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    shop.pass_time(at(RENEWS) + 3600)
    assert [one.total for one in shop.invoices()] == [1000, 9000]
    assert shop.v1.invoice_items.list().data == []
    after = shop.v1.subscriptions.retrieve(found.id)["items"].data[0]
    assert (after.price.id, after.current_period_end) == (yearly, at("2027-05-01"))
