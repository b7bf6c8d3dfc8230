"""Phases of a schedule: as they are given, and as changes of a subscription's items."""

from apps.sandbox.stripe import billing_periods, subscription_items
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

MOST_PHASES = 10


def item_of(item: Json) -> Json:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": item["metadata"],
        "plan": item["price"]["id"],
        "price": item["price"]["id"],
        "quantity": item.get("quantity"),
        "tax_rates": [one["id"] for one in item["tax_rates"]],
    }


def parsed(ctx: Context, given: list[Json], start: int) -> list[Json]:
    """Each begins where the one before it ends. Raises Invalid."""
    if not given or len(given) > MOST_PHASES:
        raise Invalid(f"A schedule has 1 to {MOST_PHASES} phases.", param="phases")
    phases: list[Json] = []
    for index, one in enumerate(given):
        param = f"phases[{index}]"
        begins = phases[-1]["end_date"] if phases else start
        if one.get("start_date") not in {None, "now", begins}:
            raise Invalid(
                "The start date of a phase must be the end date of the one before.",
                param=f"{param}[start_date]",
            )
        items = [
            _phase_item(ctx, item, f"{param}[items][{at}]") for at, item in enumerate(one["items"])
        ]
        phases.append(phase(one, items, begins, _end_of(ctx, one, items, begins, param)))
    return phases


def _phase_item(ctx: Context, given: Json, param: str) -> Json:
    price = subscription_items.price_of(ctx, given, param, None)
    is_metered = price["recurring"]["usage_type"] == "metered"
    quantity = None if is_metered else given.get("quantity", 1)
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": given.get("metadata") or {},
        "plan": price["id"],
        "price": price["id"],
        "quantity": quantity,
        "tax_rates": given.get("tax_rates") or [],
    }


def _end_of(ctx: Context, given: Json, items: list[Json], start: int, param: str) -> int:
    wished, duration = given.get("end_date"), given.get("duration")
    if wished == "now":
        return ctx.now
    if wished is not None:
        end = int(wished)
    elif duration:
        length = Interval(duration["interval"], duration.get("interval_count") or 1)
        end = billing_periods.advance(start, length, 1)
    else:
        price = ctx.get("price", items[0]["price"])
        end = billing_periods.advance(start, Interval.of(price), 1)
    if end <= start:
        raise Invalid("A phase ends after it starts.", param=f"{param}[end_date]")
    return end


def phase(given: Json, items: list[Json], start: int, end: int) -> Json:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": given.get("billing_cycle_anchor"),
        "billing_thresholds": None,
        "collection_method": given.get("collection_method"),
        "currency": given.get("currency"),
        "default_payment_method": given.get("default_payment_method"),
        "default_tax_rates": given.get("default_tax_rates") or [],
        "description": given.get("description"),
        "discounts": given.get("discounts") or [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": given.get("metadata") or {},
        "on_behalf_of": None,
        "proration_behavior": given.get("proration_behavior") or "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": start if given.get("trial") else given.get("trial_end"),
    }


def item_changes(subscription: Json, wished: list[Json]) -> list[Json]:
    """Items of the same price stay what they are; where one price replaces one other, so does the item."""
    old = {one["price"]["id"]: one for one in subscription["items"]["data"]}
    new = {one["price"]: one for one in wished}
    gone = [one for price, one in old.items() if price not in new]
    changes: list[Json] = []
    for price, one in new.items():
        given = {
            "price": price,
            "_is_planned": True,
            "tax_rates": one["tax_rates"] or None,
            "metadata": one["metadata"],
        }
        if one["quantity"] is not None:
            given["quantity"] = one["quantity"]
        if price in old:
            del given["price"]
            given["id"] = old[price]["id"]
        elif gone:
            given["id"] = gone.pop(0)["id"]
        changes.append(given)
    return [*changes, *({"id": one["id"], "deleted": True} for one in gone)]
