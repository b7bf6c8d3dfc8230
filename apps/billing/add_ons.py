"""Add-ons beside a plan that is paid for: which can be had, what they cost, and which Stripe charges."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.billing.models import Price
from apps.billing.stripe_shapes import ref
from apps.common.errors import Conflict, InvalidInput

MOST = 100


def quantities_check(wanted: Mapping[str, int]) -> None:
    """Raises InvalidInput."""
    if any(not 0 <= quantity <= MOST for quantity in wanted.values()):
        raise InvalidInput.field("add_ons", _("Choose 0 to 100 of each."), "out_of_range")


def add_on_prices(currency: str, interval: str) -> dict[str, Price]:
    """What add-ons that are sold cost beside a plan that is paid for like that, by code. One statement."""
    found = Price.objects.filter(
        add_on__is_public=True,
        add_on__retired_at__isnull=True,
        amount_minor__gt=0,
        currency=currency,
        interval=interval,
        stripe_price_id__isnull=False,
    )
    return {
        one.add_on.code: one
        for one in found.select_related("add_on").order_by("add_on__position", "add_on__code")
        if one.add_on is not None
    }


def add_ons_priced(price: Price, wanted: Mapping[str, int]) -> list[tuple[Price, int]]:
    """What these cost beside the plan's price. One statement, none where nothing is wanted.

    Raises InvalidInput for a number or an add-on that is none, or is not sold in this currency and interval.
    """
    quantities_check(wanted)
    wanted_any = {code: quantity for code, quantity in wanted.items() if quantity}
    if not wanted_any:
        return []
    sold = add_on_prices(price.currency, price.interval)
    if unknown := sorted(set(wanted_any) - set(sold)):
        raise InvalidInput.field(
            "add_ons", _("%s cannot be had with this plan.") % ", ".join(unknown), "not_for_sale"
        )
    return [(sold[code], quantity) for code, quantity in sorted(wanted_any.items())]


def items_of_add_ons(found: Mapping[str, Any]) -> dict[str, tuple[Price, Mapping[str, Any]]]:
    """Of Stripe's subscription, the items that are add-ons, by code. One statement."""
    items = {ref(one["price"]): one for one in found["items"]["data"]}
    prices = Price.objects.filter(stripe_price_id__in=list(items), add_on__isnull=False)
    return {
        price.add_on.code: (price, items[price.stripe_price_id or ""])
        for price in prices.select_related("add_on").order_by("add_on__position", "add_on__code")
        if price.add_on is not None
    }


def add_ons_moved(
    found: Mapping[str, Any], price: Price
) -> list[tuple[Price, Price, Mapping[str, Any]]]:
    """The add-ons that are paid for in another interval than the plan's new price, and what they cost in it:
    all items of a subscription have one. Two statements. Raises Conflict (`add_on_not_for_sale`).
    """
    moved = [
        (held, item)
        for held, item in items_of_add_ons(found).values()
        if held.interval != price.interval
    ]
    if not moved:
        return []
    then = Price.objects.filter(
        add_on__in=[held.add_on_id for held, _item in moved],
        currency=price.currency,
        interval=price.interval,
        stripe_price_id__isnull=False,
    )
    by_add_on: dict[uuid.UUID | None, Price] = {one.add_on_id: one for one in then}
    for held, _item in moved:
        if held.add_on_id not in by_add_on:
            raise Conflict(
                _("%s is not sold like that. Give it up first, then change the plan.")
                % (held.add_on.name if held.add_on else ""),
                code="add_on_not_for_sale",
            )
    return [(held, by_add_on[held.add_on_id], item) for held, item in moved]
