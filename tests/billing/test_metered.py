"""What is metered: once by key, in periods, up to the limit."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.billing import source
from apps.billing.models import TenantPlan, UsageCounter, UsageRecord
from apps.billing.periods import period_start
from apps.billing.tasks import prune_usage
from apps.common import entitlements
from apps.common.actors import Actor
from apps.common.entitlements import Entitlement, EntitlementExceeded, Kind, Period
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request
from tests.billing.conftest import Assign, Published
from tests.conftest import Entitle

pytestmark = pytest.mark.django_db
EXPORTS = "tenants.exports"


def used(tenant: Tenant) -> int | None:
    (found,) = [one for one in entitlements.standings(tenant) if one.entitlement.code == EXPORTS]
    return found.used


def test_counted_once_by_key(acme: Tenant, in_acme: None, entitle: Entitle) -> None:
    entitle({EXPORTS: 5})
    assert entitlements.record(acme, EXPORTS, key="a", amount=2)
    assert not entitlements.record(acme, EXPORTS, key="a", amount=2)
    assert entitlements.record(acme, EXPORTS, key="b", amount=3)
    assert used(acme) == 5
    with pytest.raises(EntitlementExceeded) as caught:
        entitlements.record(acme, EXPORTS, key="c")
    assert "5 a month that your plan includes are used up" in str(caught.value.detail)
    assert (used(acme), UsageRecord.objects.count()) == (5, 2)
    with pytest.raises(EntitlementExceeded):
        entitlements.check(acme, EXPORTS)
    # More than all of it at once is refused too.
    entitle({EXPORTS: 9})
    with pytest.raises(EntitlementExceeded):
        entitlements.record(acme, EXPORTS, key="d", amount=10)
    assert entitlements.record(acme, EXPORTS, key="d", amount=4)


def test_without_a_limit_it_is_counted_too(acme: Tenant, in_acme: None) -> None:
    for number in range(3):
        entitlements.record(acme, EXPORTS, key=str(number))
    assert used(acme) == 3


def test_one_statement(acme: Tenant, in_acme: None) -> None:
    entitlements.limit(acme, EXPORTS)
    with CaptureQueriesContext(connection) as captured:
        entitlements.record(acme, EXPORTS, key="a")
    assert len(captured) == 1


@pytest.mark.parametrize(("key", "amount"), [("", 1), ("x" * 101, 1), ("x", 0), ("x", -1)])
def test_bad_input(acme: Tenant, in_acme: None, key: str, amount: int) -> None:
    with pytest.raises(ValueError, match="amount is 1 or more"):
        entitlements.record(acme, EXPORTS, key=key, amount=amount)


def test_soft(acme: Tenant, in_acme: None, entitle: Entitle, published: Published) -> None:
    entitle({EXPORTS: 5}, is_soft=True)
    for number in range(8):
        assert entitlements.record(acme, EXPORTS, key=str(number))
    assert published() == ["billing.limit_neared", "billing.limit_exceeded"]
    assert used(acme) == 8


def test_a_new_period_begins_at_nought(
    acme: Tenant, in_acme: None, entitle: Entitle, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle({EXPORTS: 1})
    entitlements.record(acme, EXPORTS, key="a")
    next_month = (timezone.now().replace(day=1) + timedelta(days=40)).replace(day=2)
    monkeypatch.setattr(source.timezone, "now", lambda: next_month)
    assert used(acme) == 0
    assert entitlements.record(acme, EXPORTS, key="b")
    assert UsageCounter.objects.count() == 2


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "anchor", "start"),
    [
        ("2026-03-15T10:00", "2025-12-15T12:00", "2026-02-15T12:00"),
        ("2026-03-15T12:00", "2025-12-15T12:00", "2026-03-15T12:00"),
        ("2026-02-28T23:00", "2026-01-31T00:00", "2026-02-28T00:00"),
        ("2026-03-30T23:00", "2026-01-31T00:00", "2026-02-28T00:00"),
        ("2026-03-31T00:00", "2026-01-31T00:00", "2026-03-31T00:00"),
        ("2026-01-05T00:00", "2025-06-20T00:00", "2025-12-20T00:00"),
    ],
)
def test_billing_periods(now: str, anchor: str, start: str) -> None:
    assert period_start(Period.BILLING, moment(now), moment(anchor)) == moment(start)
    first = moment(now).replace(day=1, hour=0, minute=0)
    assert period_start(Period.MONTH, moment(now), moment(anchor)) == first
    assert period_start(Period.BILLING, moment(now), None) == first


def test_the_anchor_is_the_plans(acme: Tenant, assign: Assign) -> None:
    assign("free")
    anchor = moment("2026-01-20T08:30")
    TenantPlan.objects.filter(tenant=acme).update(period_anchor_at=anchor)
    metered = Entitlement("x.y", "Y", "Y.", Kind.METERED, unit="y", period=Period.BILLING)
    start = source.BillingSource()._start(acme.ref, metered)
    assert (start.day, start.hour, start.minute) == (20, 8, 30)


def test_exports_are_counted(acme: Tenant, globex: Tenant, owner: Actor, entitle: Entitle) -> None:
    entitle({EXPORTS: 1})
    export = export_request(actor=owner, tenant_id=acme.id)
    assert UsageRecord.objects.get().key == str(export.id)
    Export.objects.update(status="ready")
    with pytest.raises(EntitlementExceeded):
        export_request(actor=owner, tenant_id=acme.id)
    assert Export.objects.count() == 1
    # The platform's own are not the tenant's.
    export_request(actor=Actor.system("tests"), tenant_id=acme.id)
    assert used(acme) == 1
    assert used(globex) == 0


def test_old_keys_are_forgotten(acme: Tenant, in_acme: None) -> None:
    for key in "ab":
        entitlements.record(acme, EXPORTS, key=key)
    long_ago = timezone.now() - timedelta(days=63)
    UsageRecord.objects.filter(key="a").update(created_at=long_ago)
    prune_usage()
    assert UsageRecord.objects.get().key == "b"
    assert used(acme) == 2
