"""What somebody of the tenant does with the subscription is told with their name, once."""

from typing import Any

import pytest

from apps.billing.services import (
    checkout_begin,
    plan_change,
    portal_begin,
    subscription_cancel,
    subscription_keep,
)
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from tests.billing.test_buying import Shop, shop
from tests.billing.test_staff import told

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def only(name: str, **wanted: Any) -> None:
    [event] = told(name)
    assert event["by"] == "alice@acme.test"
    assert {key: event[key] for key in wanted} == wanted


def test_buying_and_the_portal(shop: Shop) -> None:
    shop.buy("starter")
    only("checkout_begun", plan="starter", interval="month", currency="EUR")
    with tenant_context(shop.tenant):
        page = portal_begin(actor=shop.owner, tenant=shop.tenant)
        with pytest.raises(Conflict):
            checkout_begin(
                actor=shop.owner, tenant=shop.tenant, price_id=shop.price("starter").id, email=""
            )
    only("portal_opened", session_id=page.id)
    assert len(told("checkout_begun")) == 1


def test_changing_cancelling_and_keeping(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business, stripe_id = shop.price("business"), shop.row.stripe_id
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=business.id, key="1")
        only(
            "subscription_plan_changed",
            from_plan="starter",
            to_plan="business",
            to_interval="month",
            changes_at=None,
        )
        for _twice in range(2):
            subscription_cancel(actor=shop.owner, tenant=shop.tenant)
        only("subscription_cancelled", stripe_id=stripe_id, is_at_once=False)
        for _twice in range(2):
            subscription_keep(actor=shop.owner, tenant=shop.tenant)
        only("subscription_kept", taken_back="cancellation")
        starter = shop.price("starter")
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="2")
        later = told("subscription_plan_changed")[1]
        assert (later["from_plan"], later["to_plan"]) == ("business", "starter")
        assert later["changes_at"] is not None
        subscription_keep(actor=shop.owner, tenant=shop.tenant)
        assert told("subscription_kept")[1]["taken_back"] == "change"
