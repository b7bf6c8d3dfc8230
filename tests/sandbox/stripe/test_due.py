"""What is due and fails does not hold up the rest."""

import pytest

from apps.sandbox.stripe import clock
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.models import StripeObject
from apps.sandbox.stripe.registry import Json, registry
from tests.sandbox.stripe.billing import DAY_S, Shop
from tests.sandbox.stripe.conftest import BEGIN, Sandbox


def test_a_failure_is_due_again_a_day_later(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(sandbox)
    broken = shop.subscribe(shop.customer(), shop.price(1000))
    well = shop.subscribe(shop.customer(), shop.price(1000))
    act = registry.due["subscription"]

    def due(ctx: Context, data: Json) -> None:
        ctx.save(data | {"description": "half done"})
        if data["id"] == broken.id:
            raise ZeroDivisionError
        act(ctx, data)

    monkeypatch.setitem(registry.due, "subscription", due)
    clock.advance(sandbox.account.id, BEGIN + 40 * DAY_S, freeze=True)
    items = [shop.v1.subscriptions.retrieve(one.id) for one in (broken, well)]
    assert [one["items"].data[0].current_period_start > BEGIN for one in items] == [False, True]
    row = StripeObject.objects.get(object_id=broken.id)
    assert row.data["description"] is None
    assert row.due_at is not None
    assert BEGIN + 40 * DAY_S < row.due_at <= BEGIN + 41 * DAY_S
    monkeypatch.undo()
    clock.advance(sandbox.account.id, BEGIN + 41 * DAY_S, freeze=True)
    found = shop.v1.subscriptions.retrieve(broken.id)
    assert found["items"].data[0].current_period_start > BEGIN
