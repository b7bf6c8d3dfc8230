"""The demo's credits: a month that adds up, made once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.credits.models import Grant, Transaction, UsageDay
from apps.sandbox.credits_demo import demo_fill
from tests.conftest import World
from tests.credits.support import assert_sound, balance

pytestmark = pytest.mark.django_db


def test_a_month_of_usage_is_made_once(world: World) -> None:
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            demo_fill()
            assert [g.source for g in Grant.objects.order_by("id")] == ["plan", "purchase"]
            rows = list(Transaction.objects.order_by("id"))
            assert len(rows) > 30
            # The statement reads in the order of time, and nothing in it is yet to come.
            times = [one.created_at for one in rows]
            assert times == sorted(times)
            assert times[-1] < timezone.now()
            assert times[0] > timezone.now() - timedelta(days=31)
            assert rows[-1].balance_after_microcredits == balance() > 0
            assert UsageDay.objects.values("day").distinct().count() > 10
            assert UsageDay.objects.values("operation").distinct().count() == 3
            assert_sound()
            demo_fill()
            assert Transaction.objects.count() == len(rows)
