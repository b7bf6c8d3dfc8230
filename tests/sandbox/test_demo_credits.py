"""The demo's credits: once, sound, and over the days that the pages show."""

import pytest

from apps.common.tenancy import tenant_context
from apps.credits.models import Grant, Transaction, UsageDay
from apps.sandbox.demo_credits import DAYS, credits_fill
from apps.tenants.models import Tenant
from tests.credits.support import assert_sound


@pytest.mark.django_db
def test_they_are_given_and_used_once(acme: Tenant) -> None:
    with tenant_context(acme):
        credits_fill()
        done = Transaction.objects.count()
        assert Grant.objects.count() == 3
        assert UsageDay.objects.values("day").distinct().count() > DAYS // 2
        credits_fill()
        assert Transaction.objects.count() == done
        assert_sound()
