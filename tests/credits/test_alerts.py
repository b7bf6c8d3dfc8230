"""Low wallets and short forecasts: told once for each crossing, to who looks after the credits."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.billing.models import AutoTopUp, CreditPack
from apps.common.database import system_connection
from apps.common.errors import InvalidInput
from apps.common.tenancy import tenant_context
from apps.credits import selectors_low, tasks
from apps.credits.enums import WALLET_ID
from apps.credits.forecast import Forecast
from apps.credits.models import Account, UsageDay
from apps.credits.selectors_forecast import forecast_now
from apps.credits.services.alerts import alert_set, forecast_tell, low_balance_note
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.organizations.selectors import root_organization
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.credits.support import assert_sound, branch, budget, debit, grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
CREDIT = 1_000_000


@pytest.fixture(autouse=True)
def topped_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tenants for which a purchase was to be looked at."""
    asked: list[str] = []
    monkeypatch.setattr(tasks.sync_top_up, "delay", lambda *, tenant_id: asked.append(tenant_id))
    drain_once()
    return asked


def told(name: str = "credits.balance_low_reached") -> int:
    with system_connection():
        return OutboxEvent.objects.filter(name=name).count()


def wallet() -> Account:
    return Account.objects.get(id=WALLET_ID)


def test_once_for_each_crossing(
    acme: Tenant, topped_up: list[str], mailoutbox: list[Any], world: Any
) -> None:
    grant(150 * CREDIT)
    alert_set(actor=SYSTEM, below_microcredits=100 * CREDIT)
    assert low_balance_note(actor=SYSTEM) is None
    for _again in range(3):
        debit(20 * CREDIT)
        low_balance_note(actor=SYSTEM)
    assert wallet().low_at is not None
    low_balance_note(actor=SYSTEM)
    drain_once()
    assert told() == 1
    assert topped_up == [str(acme.id)]
    assert [(one.to, one.subject) for one in mailoutbox] == [
        (["alice@acme.test"], "The credits of Acme are low")
    ]
    assert "90 credits are left" in mailoutbox[0].body
    assert "/credits/buy/" in mailoutbox[0].body
    grant(50 * CREDIT)
    assert low_balance_note(actor=SYSTEM) is None
    debit(60 * CREDIT)
    low_balance_note(actor=SYSTEM)
    drain_once()
    assert (told(), len(mailoutbox)) == (2, 2)
    assert_sound()


def test_what_is_bought_by_itself_needs_nobody(acme: Tenant, mailoutbox: list[Any]) -> None:
    with system_connection():
        pack = CreditPack.objects.create(code="p", name="P", credits_microcredits=500 * CREDIT)
        AutoTopUp.objects.create(
            tenant=acme, is_on=True, pack=pack, currency="EUR", monthly_cap_minor=1
        )
    alert_set(actor=SYSTEM, below_microcredits=100 * CREDIT)
    low_balance_note(actor=SYSTEM)
    drain_once()
    assert (told(), mailoutbox) == (1, [])


def test_the_threshold_itself(acme: Tenant) -> None:
    grant(50 * CREDIT)
    alert_set(actor=SYSTEM, below_microcredits=100 * CREDIT)
    assert wallet().low_at is not None
    alert_set(actor=SYSTEM, below_microcredits=50 * CREDIT)
    assert wallet().low_at is None
    alert_set(actor=SYSTEM, below_microcredits=None)
    alert_set(actor=SYSTEM, below_microcredits=None)
    assert told("credits.alert_changed") == 3
    for wrong in (0, -1, 10**15 + 1):
        with pytest.raises(InvalidInput):
            alert_set(actor=SYSTEM, below_microcredits=wrong)


def test_the_sweep_finds_what_nobody_queued(acme: Tenant, monkeypatch: Any) -> None:
    queued: list[tuple[str, str]] = []
    monkeypatch.setattr(
        tasks.note_low_balance,
        "delay",
        lambda *, tenant_id, account_id: queued.append((tenant_id, account_id)),
    )
    one = grant(150 * CREDIT)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 40 * CREDIT, is_hard=True)
    for account_id in (WALLET_ID, of_sales):
        alert_set(actor=SYSTEM, below_microcredits=200 * CREDIT, account_id=account_id)
    with tenant_context(None):
        tasks.sweep_low_balances()
        assert sorted(queued) == sorted(
            [(str(acme.id), str(WALLET_ID)), (str(acme.id), str(of_sales))]
        )
    for account_id in (WALLET_ID, of_sales):
        low_balance_note(actor=SYSTEM, account_id=account_id)
    queued.clear()
    with tenant_context(None):
        tasks.sweep_low_balances()
        assert queued == []
        assert selectors_low.tenants_to_top_up() == []
    assert told() == 2


def used(days_ago: int, credits_: int) -> None:
    UsageDay.objects.create(
        day=timezone.now().date() - timedelta(days=days_ago),
        operation="tests.summarize",
        used_microcredits=credits_ * CREDIT,
        uses=1,
        member_id=uuid.uuid4(),
    )


def test_a_forecast_by_the_last_14_days() -> None:
    grant(100 * CREDIT)
    assert forecast_now() == (100 * CREDIT, Forecast(0))
    used(0, 10_000)
    used(1, 70)
    used(14, 70)
    used(15, 10_000)
    with CaptureQueriesContext(connection) as captured:
        balance, found = forecast_now()
    assert len([one for one in captured if "SAVEPOINT" not in one["sql"]]) == 2
    assert (balance, found.daily_microcredits, found.days_left) == (100 * CREDIT, 10 * CREDIT, 10)


def test_short_credits_are_told_once(mailoutbox: list[Any]) -> None:
    grant(100 * CREDIT)
    used(1, 140)
    used(14, 140)
    assert not forecast_tell(actor=SYSTEM)  # nobody asked
    alert_set(actor=SYSTEM, below_microcredits=CREDIT)
    assert [forecast_tell(actor=SYSTEM) for _again in range(3)] == [True, False, False]
    drain_once()
    [mail] = mailoutbox
    until = timezone.now() + timedelta(days=5)
    assert mail.subject == f"The credits of Acme last until {until.day} {until:%B}"
    assert "20 credits a day" in mail.body
    grant(100 * CREDIT)  # ten days: not short, and not long again
    assert not forecast_tell(actor=SYSTEM)
    assert wallet().short_told_at is not None
    grant(100 * CREDIT)
    assert not forecast_tell(actor=SYSTEM)
    assert wallet().short_told_at is None
    used(2, 700)
    assert forecast_tell(actor=SYSTEM)
    assert told("credits.balance_end_neared") == 2


@pytest.mark.parametrize("act", [low_balance_note, forecast_tell])
def test_only_the_platform_tells(act: Callable[..., Any], world: Any) -> None:
    from apps.common.errors import PermissionDenied
    from apps.organizations.actors import actor_for

    with pytest.raises(PermissionDenied):
        act(actor=actor_for(world.alice))
