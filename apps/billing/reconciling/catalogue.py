"""What is sold here, compared with Stripe's products and prices."""

from collections.abc import Iterator
from typing import Any

from apps.billing.models import AddOn, CreditPack, PackPrice, Plan, Price
from apps.billing.reconciling.findings import Finding
from apps.billing.selectors import versions_sold


def differences_of_catalogue(client: Any) -> Iterator[Finding]:
    """Of prices that are sold now and were synced. Two statements; a request for each hundred."""
    products = {one.id: one for one in client.v1.products.list({"limit": 100}).auto_paging_iter()}
    prices = {one.id: one for one in client.v1.prices.list({"limit": 100}).auto_paging_iter()}
    told = set()
    rows: list[Price | PackPrice] = [*_sold(), *_packs_sold()]
    for row in rows:
        owner = _owner(row)
        name, product_id = str(owner), owner.stripe_product_id if owner else None
        if product_id and product_id not in told:
            told.add(product_id)
            product = products.get(product_id)
            if product is None:
                yield Finding("product_missing", "", "product", product_id, name, "none")
            elif not product.active:
                yield Finding("product_archived", "", "product", product_id, name, "archived")
        what, price_id = f"{name}, {row}", row.stripe_price_id or ""
        price = prices.get(price_id)
        if price is None:
            yield Finding("price_missing", "", "price", price_id, what, "none")
            continue
        if not price.active:
            yield Finding("price_archived", "", "price", price_id, what, "archived")
        interval = price.recurring.interval if price.recurring else "once"
        how_often = str(row.interval) if isinstance(row, Price) else "once"
        ours = (row.amount_minor, row.currency.lower(), how_often)
        theirs = (price.unit_amount, price.currency, interval)
        if ours != theirs:
            yield Finding("price_differs", "", "price", price_id, what, " ".join(map(str, theirs)))


def _owner(row: Price | PackPrice) -> Plan | AddOn | CreditPack | None:
    if isinstance(row, PackPrice):
        return row.pack
    return row.plan_version.plan if row.plan_version else row.add_on


def _packs_sold() -> list[PackPrice]:
    synced = PackPrice.objects.filter(stripe_price_id__isnull=False, retired_at=None)
    return list(synced.filter(pack__retired_at=None).select_related("pack").order_by("id"))


def _sold() -> list[Price]:
    synced = Price.objects.filter(stripe_price_id__isnull=False, amount_minor__gt=0)
    plans = synced.filter(plan_version__in=versions_sold().order_by())
    add_ons = synced.filter(add_on__retired_at__isnull=True, add_on__isnull=False)
    return list((plans | add_ons).select_related("plan_version__plan", "add_on").order_by("id"))
