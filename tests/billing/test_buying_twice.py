"""Who has paid buys no second time, also while nobody here has heard of it."""

import pytest

from apps.billing.models import Subscription
from apps.billing.services import checkout_begin
from apps.billing.services.checkout import Page
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from tests.billing.test_buying import Shop, pay, shop

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def begin(shop: Shop) -> Page:
    with tenant_context(shop.tenant):
        return checkout_begin(
            actor=shop.owner,
            tenant=shop.tenant,
            price_id=shop.price("starter").id,
            email="alice@acme.test",
        )


def test_what_was_paid_is_not_sold_again_before_its_event_comes(shop: Shop) -> None:
    assert pay(begin(shop).url).status_code == 302
    assert not Subscription.objects.exists()
    with pytest.raises(Conflict) as caught:
        begin(shop)
    assert caught.value.code == "subscribed"
    shop.settle()
    assert (shop.row.standing, shop.plan) == ("trial", "starter")


def test_a_page_that_was_not_paid_is_replaced(shop: Shop) -> None:
    assert begin(shop).id != begin(shop).id
