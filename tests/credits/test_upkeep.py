"""The schedules: holds and grants that are over, and what is left behind; tenant by tenant."""

from typing import Any

import pytest

from apps.common.tenancy import tenant_context
from apps.credits import tasks, upkeep
from apps.credits.models import Grant, Hold, Lot
from apps.credits.services import lots_prune
from tests.conftest import World
from tests.credits.support import assert_sound, balance, debit, grant, hold, later

pytestmark = pytest.mark.django_db


def test_all_tenants_are_seen_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            grant(100)
            one = grant(50, expires_at=later(days=1))
            hold(30)
            Hold.objects.update(expires_at=later(seconds=-1))
            Grant.objects.filter(id=one.id).update(
                effective_at=later(days=-2), expires_at=later(seconds=-1)
            )
    monkeypatch.setattr(
        tasks.expire_credits_of, "delay", lambda ids: tasks.expire_credits_of(tenant_ids=ids)
    )
    tasks.expire_credits()
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            assert balance() == 100
            assert_sound()


def test_a_tenant_with_nothing_due_costs_two_statements(
    inside: Any, django_assert_num_queries: Any
) -> None:
    grant(100, expires_at=later(days=1))
    hold(10)
    with django_assert_num_queries(2):
        assert upkeep.expire() == (0, 0)


def test_more_than_a_batch_is_gone_on_with(inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.credits.services import holds

    monkeypatch.setattr(holds, "EXPIRE_BATCH", 2)
    grant(100)
    for _ in range(5):
        hold(10)
    Hold.objects.update(expires_at=later(seconds=-1))
    assert upkeep.expire() == (5, 0)
    assert balance() == 100
    assert_sound()


def test_lots_of_nothing_are_forgotten_and_come_again(inside: Any) -> None:
    used, held = grant(40), grant(60)
    debit(40)
    kept = hold(60)
    assert Lot.objects.filter(remaining_microcredits=0).count() == 2
    assert lots_prune() == 0
    Lot.objects.update(updated_at=later(days=-2))
    assert upkeep.prune() == (2, 0)
    assert not Lot.objects.exists()
    assert_sound()
    Hold.objects.filter(id=kept.transaction_id).update(expires_at=later(seconds=-1))
    upkeep.expire()
    assert Lot.objects.get().grant_id == held.id
    assert balance() == 60
    assert used.id != held.id
    assert_sound()
