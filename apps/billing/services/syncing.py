"""The catalogue at Stripe: products for plans, add-ons and packs, a price for each that costs something."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import transaction
from djstripe.models import Price as StripePrice
from djstripe.models import Product

from apps.billing import gateway
from apps.billing.events import CatalogueSynced
from apps.billing.models import AddOn, CreditPack, PackPrice, Plan, Price
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.events.services import publish

There = Mapping[str, Mapping[str, Any]]
ACTIONS = ("create", "update", "archive")


@dataclass(frozen=True, slots=True)
class SyncStep:
    """action: of ACTIONS. kind: product or price. what: for people. row: ours. fields: sent to Stripe."""

    action: str
    kind: str
    what: str
    row: Plan | AddOn | CreditPack | Price | PackPrice
    fields: dict[str, Any]


@system_connection()
def catalogue_sync(*, actor: Actor, dry_run: bool, unless_current: bool = False) -> list[SyncStep]:
    """Make Stripe sell what the catalogue sells; returns what was to do, in order.

    unless_current: not asked where our copies of its products and prices, which events keep, say the same.
    Prices are never changed there, as they are not here: those of retired versions are archived, and go on
    for who has them. Can be repeated wherever it died: Stripe knows each request by our row's id. Not inside
    a transaction. Publishes billing.catalogue_synced where something changed.
    Raises PermissionDenied, StripeRefused, StripeUnavailable.
    """
    require_platform(actor)
    if unless_current and _is_current():
        return []
    with gateway.stripe_client() as client:
        steps = []
        for step in _product_steps(_listed(client.v1.products)):
            steps.append(step)
            if not dry_run:
                _do_product(client, step)
        there = _listed(client.v1.prices)
        for step in (*_price_steps(there), *_pack_price_steps(there)):
            steps.append(step)
            if not dry_run:
                _do_price(client, step)
    if steps and not dry_run:
        with transaction.atomic():
            publish(CatalogueSynced(place="stripe", steps=len(steps)), actor=actor, tenant_id=None)
    return steps


def _is_current() -> bool:
    """By dj-stripe's copies. A few statements for each plan, add-on and pack; Stripe is not asked."""
    products = dict(Product.objects.values_list("id", "stripe_data"))
    prices = dict(StripePrice.objects.values_list("id", "stripe_data"))
    steps = chain(_product_steps(products), _price_steps(prices), _pack_price_steps(prices))
    return next(steps, None) is None


def _listed(service: Any) -> There:
    found = service.list({"limit": 100}).auto_paging_iter()
    return {one.id: one.to_dict() for one in found}


def _product_steps(there: There) -> Iterator[SyncStep]:
    rows: list[Plan | AddOn | CreditPack] = [
        *Plan.objects.order_by("position"),
        *AddOn.objects.order_by("position"),
        *CreditPack.objects.order_by("position"),
    ]
    for row in rows:
        wanted: dict[str, Any] = {"name": row.name, "description": row.description or row.name}
        known = there.get(row.stripe_product_id or "")
        if known is None:
            if row.retired_at is None and _priced(row).exists():
                yield SyncStep("create", "product", row.name, row, wanted)
            continue
        wanted["active"] = row.retired_at is None
        changed = {name: value for name, value in wanted.items() if known.get(name) != value}
        if changed:
            action = "archive" if changed.get("active") is False else "update"
            yield SyncStep(action, "product", row.name, row, changed)


def _priced(row: Plan | AddOn | CreditPack) -> Any:
    """What of it costs something. What is free needs no subscription."""
    if isinstance(row, CreditPack):
        return row.prices.filter(retired_at=None)
    of = {"plan_version__plan": row} if isinstance(row, Plan) else {"add_on": row}
    return Price.objects.filter(amount_minor__gt=0, **of)


def _do_product(client: Any, step: SyncStep) -> None:
    row = step.row
    if isinstance(row, Price | PackPrice):
        raise TypeError("a price is no product")
    if row.stripe_product_id:
        client.v1.products.update(row.stripe_product_id, step.fields)
        return
    made = client.v1.products.create(
        {**step.fields, "metadata": {"code": row.code}},
        {"idempotency_key": gateway.idempotency_key("product", row.id)},
    )
    type(row)._default_manager.filter(id=row.id).update(stripe_product_id=made.id)


def _price_steps(there: There) -> Iterator[SyncStep]:
    prices = Price.objects.filter(amount_minor__gt=0).select_related("plan_version__plan", "add_on")
    for row in prices.order_by("created_at", "id"):
        owner = row.plan_version.plan if row.plan_version else row.add_on
        version = row.plan_version
        is_sold = owner is not None and owner.retired_at is None
        if version is not None:
            is_sold = is_sold and version.state == "published"
        yield from _price_step(there, row, f"{version or owner}, {row}", is_sold)


def _pack_price_steps(there: There) -> Iterator[SyncStep]:
    for row in PackPrice.objects.select_related("pack").order_by("created_at", "id"):
        is_sold = row.retired_at is None and row.pack.retired_at is None
        yield from _price_step(there, row, f"{row.pack}, {row}", is_sold)


def _price_step(
    there: There, row: Price | PackPrice, what: str, is_sold: bool
) -> Iterator[SyncStep]:
    known = there.get(row.stripe_price_id or "")
    if known is None:
        if is_sold:
            yield SyncStep("create", "price", what, row, _price_fields(row))
    elif known["active"] != is_sold:
        yield SyncStep("update" if is_sold else "archive", "price", what, row, {"active": is_sold})


def _price_fields(row: Price | PackPrice) -> dict[str, Any]:
    fields = {
        "currency": row.currency.lower(),
        "unit_amount": row.amount_minor,
        "metadata": {"price_id": str(row.id)},
    }
    if isinstance(row, Price):
        fields["recurring"] = {"interval": row.interval, "usage_type": "licensed"}
    return fields


def _do_price(client: Any, step: SyncStep) -> None:
    row = step.row
    if not isinstance(row, Price | PackPrice):
        raise TypeError("only a price is a price")
    if row.stripe_price_id:
        client.v1.prices.update(row.stripe_price_id, step.fields)
        return
    owner = _owner(row)
    owner.refresh_from_db(fields=["stripe_product_id"])
    made = client.v1.prices.create(
        {**step.fields, "product": owner.stripe_product_id},
        {"idempotency_key": gateway.idempotency_key("price", row.id)},
    )
    type(row).objects.filter(id=row.id).update(stripe_price_id=made.id)


def _owner(row: Price | PackPrice) -> Plan | AddOn | CreditPack:
    if isinstance(row, PackPrice):
        return row.pack
    owner = row.plan_version.plan if row.plan_version else row.add_on
    if owner is None:
        raise TypeError("a price belongs to a plan or an add-on")
    return owner
