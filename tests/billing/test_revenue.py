"""What is earned, on exact amounts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from djstripe.models import Customer, Invoice
from djstripe.models import Subscription as StripeSubscription

from apps.accounts.models import Person
from apps.billing.enums import Standing as G
from apps.billing.models import BillingCustomer, Plan, PlanVersion, Price, Subscription, TenantPlan
from apps.billing.revenue import Churn, Move, monthly, revenue
from apps.common.actors import Actor
from apps.common.errors import PermissionDenied
from apps.common.ids import uuid7
from apps.common.money import Money
from apps.tenants.models import Tenant
from tests.console.conftest import tenant_rows

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = 86400


def price(plan: str, amount: int, currency: str = "EUR", interval: str = "month") -> Price:
    row, _is_new = Plan.objects.get_or_create(code=plan, defaults={"name": plan.capitalize()})
    version, _is_new = PlanVersion.objects.get_or_create(
        plan=row, number=1, defaults={"published_at": timezone.now()}
    )
    found, _is_new = Price.objects.get_or_create(
        plan_version=version,
        currency=currency,
        interval=interval,
        defaults={"amount_minor": amount, "stripe_price_id": f"price_{uuid7().hex}"},
    )
    return found


def tenant(owner: Person) -> Tenant:
    [row] = tenant_rows(1, owner)
    BillingCustomer.objects.create(tenant=row, stripe_id=f"cus_{row.slug}")
    return row


def pays(owner: Person, of: Price | None, quantity: int = 1, standing: G = G.ACTIVE) -> Tenant:
    row = tenant(owner)
    Subscription.objects.create(
        tenant=row,
        stripe_id=f"sub_{row.slug}",
        status="past_due" if standing in (G.GRACE, G.RESTRICTED, G.SUSPENDED) else "active",
        standing=standing,
        price=of,
        quantity=quantity,
    )
    return row


def owes(row: Tenant, amount: int, currency: str = "eur", status: str = "open") -> None:
    customer, _is_new = Customer.objects.get_or_create(
        id=f"cus_{row.slug}", defaults={"stripe_data": {}}
    )
    Invoice.objects.create(
        id=f"in_{uuid7().hex}",
        customer=customer,
        created=timezone.now(),
        stripe_data={"status": status, "amount_remaining": amount, "currency": currency},
    )


def copy(
    row: Tenant,
    of: Price,
    *,
    start: datetime,
    end: datetime | None = None,
    trial_end: datetime | None = None,
    quantity: int = 1,
    status: str = "active",
) -> None:
    """Stripe's subscription, as dj-stripe keeps it."""

    def seconds(moment: datetime | None) -> int | None:
        return int(moment.timestamp()) if moment else None

    customer, _is_new = Customer.objects.get_or_create(
        id=f"cus_{row.slug}", defaults={"stripe_data": {}}
    )
    data: dict[str, Any] = {
        "status": "canceled" if end else status,
        "start_date": seconds(start),
        "trial_end": seconds(trial_end),
        "ended_at": seconds(end),
        "items": {"data": [{"price": {"id": of.stripe_price_id}, "quantity": quantity}]},
    }
    StripeSubscription.objects.create(id=f"sub_{uuid7().hex}", customer=customer, stripe_data=data)


def test_nothing_yet(world: object) -> None:
    found = revenue(SYSTEM)
    assert (found.a_year, found.plans, found.owed, found.moves) == ([], [], [], [])
    assert (found.tenants, found.past_due, found.churn) == (0, 0, Churn(0, 0))
    assert found.churn.per_mille is None


def test_months_seats_years_and_currencies(alice: Person) -> None:
    seat = price("starter", 900)
    pays(alice, seat, quantity=3)
    pays(alice, seat, quantity=2, standing=G.GRACE)
    for _tenant in range(2):
        pays(alice, price("starter", 9999, interval="year"))
    pays(alice, price("business", 1500, currency="JPY"), quantity=7)
    found = revenue(SYSTEM)
    # 5 seats for 12 months, and two years of 99.99.
    assert found.a_year == [Money(54_000 + 19_998, "EUR"), Money(126_000, "JPY")]
    # 19,998 / 12 is 1,666.5: rounded once, and not 2 x 833.
    assert found.a_month == [Money(4_500 + 1_667, "EUR"), Money(10_500, "JPY")]
    assert {(one.plan, one.tenants, one.a_year.currency) for one in found.plans} == {
        ("Starter", 4, "EUR"),
        ("Business", 1, "JPY"),
    }
    assert found.tenants == 5
    assert str(found.a_month[1]) == "¥10,500"


def test_who_does_not_pay_is_not_counted(alice: Person) -> None:
    of = price("starter", 1000)
    for standing in (G.TRIAL, G.RESTRICTED, G.SUSPENDED, G.PAUSED, G.ENDED, G.INCOMPLETE):
        pays(alice, of, standing=standing)
    given = pays(alice, of)
    now = timezone.now()
    assert of.plan_version is not None
    plan = {"plan_version": of.plan_version, "since": now, "period_anchor_at": now, "actor": "x"}
    TenantPlan.objects.create(tenant=given, is_comp=True, reason="Partner", **plan)
    paid = pays(alice, of)
    TenantPlan.objects.create(tenant=paid, is_comp=False, **plan)
    pays(alice, None)
    found = revenue(SYSTEM)
    assert (found.a_month, found.tenants, found.unpriced) == ([Money(1000, "EUR")], 1, 1)
    assert (found.standings[G.TRIAL], found.past_due) == (1, 2)


def test_what_is_owed_is_of_those_past_due(alice: Person) -> None:
    of = price("starter", 1000)
    late = pays(alice, of, standing=G.GRACE)
    later = pays(alice, of, standing=G.SUSPENDED)
    fine = pays(alice, of)
    owes(late, 1000)
    owes(late, 250)
    owes(later, 5000, "jpy")
    owes(late, 9999, status="paid")
    owes(later, 9999, status="void")
    owes(fine, 7777)  # by transfer, not due yet
    assert revenue(SYSTEM).owed == [Money(1250, "EUR"), Money(5000, "JPY")]


def test_churn(alice: Person) -> None:
    of, now = price("starter", 1000), timezone.now()
    ago = lambda days: now - timedelta(days=days)  # noqa: E731 - reads as what it is
    copy(tenant(alice), of, start=ago(100))
    copy(tenant(alice), of, start=ago(100))
    copy(tenant(alice), of, start=ago(100), end=ago(10))
    copy(tenant(alice), of, start=ago(100), end=ago(40))  # gone before
    copy(tenant(alice), of, start=ago(20), end=ago(10))  # not there at the beginning
    copy(tenant(alice), of, start=ago(50), trial_end=ago(20), end=ago(20))  # never paid
    copy(tenant(alice), of, start=ago(50), status="incomplete_expired")
    found = revenue(SYSTEM).churn
    assert found == Churn(at_start=3, ended=1)
    assert found.per_mille == 333


def test_what_began_and_what_ended(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    of, yearly = price("starter", 1000), price("starter", 24_000, interval="year")
    yen = price("starter", 500, currency="JPY")
    copy(tenant(alice), of, start=datetime(2026, 2, 3, tzinfo=UTC), quantity=3)
    copy(tenant(alice), yearly, start=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    copy(
        tenant(alice),
        of,
        start=datetime(2025, 3, 31, tzinfo=UTC),  # too long ago to be shown
        end=datetime(2026, 3, 1, tzinfo=UTC),
    )
    copy(
        tenant(alice),
        yen,
        start=datetime(2026, 2, 10, tzinfo=UTC),
        trial_end=datetime(2026, 3, 10, tzinfo=UTC),
    )
    copy(  # a trial that goes on
        tenant(alice),
        of,
        start=datetime(2026, 3, 10, tzinfo=UTC),
        trial_end=datetime(2026, 3, 24, tzinfo=UTC),
    )
    copy(tenant(alice), of, start=datetime(2025, 4, 1, tzinfo=UTC))
    with timezone.override("UTC"):
        moves = revenue(SYSTEM).moves
    months = [date(2026, 3, 1), date(2026, 2, 1), date(2025, 4, 1)]
    assert moves == [
        Move(months[0], Money(0, "EUR"), Money(1000, "EUR")),
        Move(months[0], Money(500, "JPY"), Money(0, "JPY")),
        Move(months[1], Money(3000 + 2000, "EUR"), Money(0, "EUR")),
        Move(months[2], Money(1000, "EUR"), Money(0, "EUR")),
    ]


@pytest.mark.parametrize(
    ("a_year", "a_month"),
    [(0, 0), (5, 0), (6, 1), (12, 1), (17, 1), (18, 2), (10**15, 83333333333333)],
)
def test_a_twelfth(a_year: int, a_month: int) -> None:
    assert monthly(Money(a_year, "JPY")) == Money(a_month, "JPY")


def test_the_price_of_the_page(alice: Person, statements_of: Callable[..., int]) -> None:
    for _one in range(2):
        for _tenant in range(5):
            copy(pays(alice, price("starter", 1000)), price("starter", 1000), start=timezone.now())
        assert statements_of(lambda: revenue(SYSTEM)) <= 5


def test_it_is_for_the_platform(owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        revenue(owner)
