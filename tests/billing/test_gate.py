"""The gate: what is let through, what is refused, and what it costs."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.common import entitlements
from apps.common.entitlements import EntitlementExceeded
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from apps.tenants.models import Tenant
from tests.billing.conftest import Assign, Published
from tests.conftest import Entitle

pytestmark = pytest.mark.django_db
SEATS, SSO = "organizations.seats", "accounts.single_sign_on"


def statements(act: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()  # type: ignore[operator]
    return len([q for q in captured if "SAVEPOINT" not in q["sql"]])


def test_without_a_plan_the_defaults_hold(acme: Tenant, in_acme: None) -> None:
    assert entitlements.limit(acme, SEATS) is None
    assert entitlements.has(acme, SSO)
    assert entitlements.room(acme, SEATS) is None
    entitlements.check(acme, SEATS, adding=10**6)


def test_what_a_plan_says_holds(acme: Tenant, globex: Tenant, assign: Assign) -> None:
    assign("free")
    assert (entitlements.limit(acme, SEATS), entitlements.has(acme, SSO)) == (5, False)
    assert (entitlements.limit(globex, SEATS), entitlements.has(globex, SSO)) == (None, True)
    # alice and bob.
    assert entitlements.room(acme, SEATS) == 3
    with tenant_context(acme):
        entitlements.check(acme, SEATS, adding=3)
        with pytest.raises(EntitlementExceeded) as caught:
            entitlements.check(acme, SEATS, adding=4)
        with pytest.raises(EntitlementExceeded) as boolean:
            entitlements.check(acme, SSO)
    error = caught.value
    assert (error.status, error.code, error.entitlement) == (402, "entitlement_exceeded", SEATS)
    assert [one.code for one in error.errors] == [SEATS]
    assert str(error.detail) == (
        "Seats: no more than the 5 that Free includes. Starter includes 20: "
        "http://acme.localhost:8000/plan/compare/"
    )
    assert str(boolean.value.detail) == (
        "Single sign-on: not included in Free. Business includes it: "
        "http://acme.localhost:8000/plan/compare/"
    )


def test_it_may_be_asked_from_outside_of_the_tenant(acme: Tenant, entitle: Entitle) -> None:
    entitle({SEATS: 2})
    with pytest.raises(EntitlementExceeded):
        entitlements.check(acme, SEATS)
    assert [one.used for one in entitlements.standings(acme) if one.entitlement.code == SEATS] == [
        2
    ]


def test_warm_it_costs_no_statement(acme: Tenant, in_acme: None, assign: Assign) -> None:
    assign("enterprise")
    # The transaction of the test is the one that changes it: let it be over.
    forget_the_change(acme)
    assert statements(lambda: entitlements.check(acme, SEATS)) == 1
    for act in (
        lambda: entitlements.check(acme, SEATS),
        lambda: entitlements.check(acme, SSO),
        lambda: entitlements.has(acme, SSO),
        lambda: entitlements.limit(acme, SEATS),
        lambda: entitlements.require(acme, "organizations.depth", 3),
    ):
        assert statements(act) == 0


def test_a_limit_costs_one_round_trip(acme: Tenant, in_acme: None, assign: Assign) -> None:
    assign("free")
    forget_the_change(acme)
    entitlements.limit(acme, SEATS)
    with CaptureQueriesContext(connection) as captured:
        entitlements.check(acme, SEATS)
    (sql,) = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"] and "lock" not in q["sql"]]
    assert sql.count("count(*)") == 2
    assert statements(lambda: entitlements.standings(acme)) == 2


def forget_the_change(tenant: Tenant) -> None:
    from django.core.cache import caches

    from apps.billing.source import epoch_of

    caches["global"].delete(epoch_of(tenant.id))


def test_soft_limits_let_through_and_tell_once(
    acme: Tenant, in_acme: None, root: Organization, entitle: Entitle, published: Published
) -> None:
    code = "organizations.organizations"
    entitle({code: 5}, is_soft=True)

    def grow(to: int) -> None:
        while Organization.objects.count() < to:
            entitlements.check(acme, code)
            name = f"O{Organization.objects.count()}"
            Organization.objects.add_child(
                Organization.objects.get(id=root.id), instance=Organization(name=name)
            )

    grow(3)
    assert published() == []
    grow(5)
    assert published() == ["billing.limit_neared"]
    grow(8)
    assert published() == ["billing.limit_neared", "billing.limit_exceeded"]
    exceeded = OutboxEvent.objects.get(name="billing.limit_exceeded")
    assert exceeded.payload == {
        "tenant_id": str(acme.id),
        "code": code,
        "used": 6,
        "limit": 5,
    }
    assert (exceeded.scope, exceeded.actor_label) == ("billing", "system:billing")
    assert entitlements.limit(acme, code) is None
    (standing,) = [one for one in entitlements.standings(acme) if one.entitlement.code == code]
    assert (standing.used, standing.state, standing.percent) == (8, "over", 100)
    # Fallen below and grown again, it is told again.
    Organization.objects.filter(depth=2).delete()
    grow(6)
    assert published()[2:] == ["billing.limit_neared", "billing.limit_exceeded"]


def test_a_refusal_tells_nothing(
    acme: Tenant, in_acme: None, entitle: Entitle, published: Published
) -> None:
    entitle({SEATS: 2})
    with pytest.raises(EntitlementExceeded):
        entitlements.check(acme, SEATS)
    assert published() == []


@pytest.mark.django_db(transaction=True)
def test_limits_need_a_transaction(acme: Tenant, in_acme: None, entitle: Entitle) -> None:
    entitle({SEATS: 5})
    with pytest.raises(transaction.TransactionManagementError):
        entitlements.check(acme, SEATS)
    with transaction.atomic():
        entitlements.check(acme, SEATS)


def test_what_is_not_declared(acme: Tenant, in_acme: None) -> None:
    with pytest.raises(ImproperlyConfigured):
        entitlements.check(acme, "organizations.unheard_of")
    with pytest.raises(ImproperlyConfigured):
        entitlements.record(acme, SEATS, key="x")
