"""The items of a subscription as an update wants them."""

from apps.sandbox.stripe import discounts, subscription_items
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import period


def changed(ctx: Context, subscription: Json, given: list[Json]) -> Json:
    """Items are changed by id, added without one, taken away by `deleted`; those not named stay."""
    items = {one["id"]: one for one in subscription["items"]["data"]}
    for index, one in enumerate(given):
        param = f"items[{index}]"
        if one.get("id"):
            if one["id"] not in items:
                raise Invalid(
                    f"No such subscription item: '{one['id']}'",
                    code="resource_missing",
                    param=f"{param}[id]",
                )
            if one.get("deleted"):
                del items[one["id"]]
            else:
                items[one["id"]] = _changed(ctx, subscription, items[one["id"]], one, param)
        else:
            price = subscription_items.price_of(ctx, one, param, subscription["currency"])
            made = subscription_items.new(
                ctx,
                one,
                subscription=subscription["id"],
                customer=subscription["customer"],
                price=price,
            )
            start, end = period(subscription)
            items[made["id"]] = made | {"current_period_start": start, "current_period_end": end}
    found = list(items.values())
    subscription_items.check_together(found)
    return subscription["items"] | {"data": found, "total_count": len(found)}


def _changed(ctx: Context, subscription: Json, item: Json, given: Json, param: str) -> Json:
    changed = dict(item)
    if given.get("price") or given.get("plan") or given.get("price_data"):
        price = subscription_items.price_of(ctx, given, param, subscription["currency"])
        changed |= subscription_items.priced(price)
        is_metered = price["recurring"]["usage_type"] == "metered"
        if is_metered:
            changed.pop("quantity", None)
        else:
            changed.setdefault("quantity", 1)
    if given.get("quantity") is not None:
        if "quantity" not in changed:
            raise Invalid(
                "Cannot set the quantity: the price is metered, its usage comes from meter events.",
                param=f"{param}[quantity]",
            )
        changed["quantity"] = given["quantity"]
    if "metadata" in given:
        changed["metadata"] = merged_metadata(item["metadata"], given["metadata"])
    if "tax_rates" in given:
        changed["tax_rates"] = subscription_items.rates(ctx, given["tax_rates"])
    if "discounts" in given:
        changed["discounts"] = discounts.replaced(
            ctx,
            item["discounts"],
            given["discounts"],
            currency=subscription["currency"],
            customer=subscription["customer"],
            subscription_item=item["id"],
        )
    subscription_items.check_quantity(changed)
    return changed
