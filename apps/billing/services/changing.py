"""Changing what is paid for: another plan, after a preview of what it costs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.add_ons import add_ons_moved, items_of_add_ons
from apps.billing.enums import Interval
from apps.billing.enums import Standing as SubscriptionStanding
from apps.billing.events import SubscriptionPlanChanged
from apps.billing.models import Price, Subscription
from apps.billing.phases import phases_left
from apps.billing.seats import seats_billed
from apps.billing.services.asking import (
    customers_turn,
    schedule_release,
    subscription_live,
    take_over,
)
from apps.billing.services.checkout import price_sold
from apps.billing.stripe_shapes import ref
from apps.common.actors import Actor
from apps.common.entitlements import Kind, Standing, standings
from apps.common.errors import Conflict, InvalidInput
from apps.common.money import Money
from apps.tenants.models import Tenant

MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change means, before it is made. at: when it takes effect; None: at once.

    now_due: what is charged now (below 0: what is credited to the next invoice). next_total: of the invoice
    after. exceeded: what is used of now, above what the new plan gives.
    """

    price: Price
    quantity: int
    at: datetime | None
    now_due: Money
    next_total: Money
    exceeded: Sequence[Standing]


def change_preview(*, actor: Actor, tenant: Tenant, price_id: uuid.UUID) -> Preview:
    """Asks Stripe for the figures. Not inside a transaction. Raises as plan_change does, and Conflict
    (`same_plan`).
    """
    row, price = _asked(actor, tenant, price_id)
    if row.next_price is None and _is_so(row, price):
        raise Conflict(_("The workspace has this plan already."), code="same_plan")
    quantity = seats_billed(tenant) if price.is_per_seat else 1
    exceeded = _exceeded(tenant, price)
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(row.stripe_id).to_dict()
        total = Money(price.amount_minor * quantity, price.currency) + _beside(found, price)
        if not is_upgrade(row, price, quantity):
            nothing = Money(0, price.currency)
            return Preview(price, quantity, row.period_ends_at, nothing, total, exceeded)
        asked: Any = {
            "customer": ref(found["customer"]),
            "subscription": row.stripe_id,
            "subscription_details": {
                "items": _items(found, row, price, quantity),
                "proration_behavior": "always_invoice",
            },
        }
        preview = client.v1.invoices.create_preview(asked)
    due = Money(preview.total, preview.currency.upper())
    return Preview(price, quantity, None, due, total, exceeded)


def plan_change(
    *, actor: Actor, tenant: Tenant, price_id: uuid.UUID, key: str
) -> Subscription | None:
    """To another price: a dearer one at once, the difference charged now, by what is left of the period; a
    cheaper one when the period ends.

    key: of the form or request. Said again, with whatever key, it changes nothing: what is so, or is to
    come already, is left. Not inside a transaction.
    Publishes billing.subscription_plan_changed.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, Conflict (`not_subscribed`,
    `other_currency`, `payment_failed`: an unpaid one is paid first; `paused`, `busy`), PaymentDeclined,
    StripeUnavailable.
    """
    _asked(actor, tenant, price_id)
    with customers_turn(tenant):
        row, price = _asked(actor, tenant, price_id)
        if _is_so(row, price):
            return row
        quantity = seats_billed(tenant) if price.is_per_seat else 1
        waits = not is_upgrade(row, price, quantity)
        with gateway.stripe_client() as client:
            asked: Any = {"expand": ["schedule"]}
            found = client.v1.subscriptions.retrieve(row.stripe_id, asked).to_dict()
            schedule_release(client, found)
            if waits:
                _schedule(client, row, found, price, quantity)
            else:
                change: Any = {
                    "items": _items(found, row, price, quantity),
                    "proration_behavior": "always_invoice",
                    "payment_behavior": "error_if_incomplete",
                    "cancel_at_period_end": False,
                }
                act: Any = {"idempotency_key": gateway.idempotency_key("change", row.id, key)}
                client.v1.subscriptions.update(row.stripe_id, change, act)
        event = _changed(tenant, row, price, at=row.period_ends_at if waits else None)
        next_price = price if waits else None
        return take_over(actor, tenant, row.stripe_id, event, next_price=next_price)


def _is_so(row: Subscription, price: Price) -> bool:
    """Whether it is this, or is going to be."""
    if row.ends_at is not None:
        return False
    return price == (row.price if row.next_price is None else row.next_price)


def _changed(
    tenant: Tenant, row: Subscription, price: Price, *, at: datetime | None
) -> SubscriptionPlanChanged:
    was, version = row.price.plan_version if row.price else None, price.plan_version
    return SubscriptionPlanChanged(
        tenant_id=tenant.id,
        stripe_id=row.stripe_id,
        from_plan=was.plan.code if was else "",
        from_interval=row.price.interval if row.price else "",
        to_plan=version.plan.code if version else "",
        to_interval=price.interval,
        changes_at=at,
    )


def is_upgrade(row: Subscription, price: Price, quantity: int) -> bool:
    """Whether it costs more a year; of equals, what is paid for longer is more."""
    if row.price is None:
        return True

    def yearly(one: Price, of: int) -> tuple[int, int]:
        months = MONTHS[Interval(one.interval)]
        return one.amount_minor * (of if one.is_per_seat else 1) * (12 // months), months

    return yearly(price, quantity) > yearly(row.price, row.quantity)


def _asked(actor: Actor, tenant: Tenant, price_id: uuid.UUID) -> tuple[Subscription, Price]:
    row, price = subscription_live(actor, tenant), price_sold(price_id)
    if row.unpaid_since is not None:
        raise Conflict(
            _("A payment failed. Pay the open invoice first, then change the plan."),
            code="payment_failed",
        )
    if row.standing == SubscriptionStanding.PAUSED:
        raise Conflict(
            _("The subscription is paused. End the pause first, then change the plan."),
            code="paused",
        )
    if row.price is not None and row.price.currency != price.currency:
        raise InvalidInput.field(
            "price", _("The workspace pays in %s.") % row.price.currency, "other_currency"
        )
    return row, price


def _beside(found: Any, price: Price) -> Money:
    """What the add-ons cost that stay beside the plan's new price."""
    moved = {held.id: then for held, then, _item in add_ons_moved(found, price)}
    held = items_of_add_ons(found).values()
    total = sum(moved.get(one.id, one).amount_minor * item["quantity"] for one, item in held)
    return Money(total, price.currency)


def _items(found: Any, row: Subscription, price: Price, quantity: int) -> list[dict[str, Any]]:
    """The plan's item, changed; add-ons stay, in the interval of the plan."""
    ours = row.price.stripe_price_id if row.price else None
    items = found["items"]["data"]
    item = next((one for one in items if one["price"]["id"] == ours), items[0])
    return [
        {"id": item["id"], "price": price.stripe_price_id or "", "quantity": quantity},
        *(
            {"id": one["id"], "price": then.stripe_price_id, "quantity": one["quantity"]}
            for _held, then, one in add_ons_moved(found, price)
        ),
    ]


def _schedule(client: Any, row: Subscription, found: Any, price: Price, quantity: int) -> None:
    """What there is until the period ends, then the other, discounted as now."""
    moved = {
        one.stripe_price_id: then.stripe_price_id for one, then, _i in add_ons_moved(found, price)
    }
    schedule = client.v1.subscription_schedules.create({"from_subscription": row.stripe_id})
    ours = row.price.stripe_price_id if row.price else None
    present = phases_left(schedule)[0]
    then: dict[str, Any] = {
        "items": [
            {"price": price.stripe_price_id, "quantity": quantity}
            if one["price"] == ours
            else one | {"price": moved.get(one["price"], one["price"])}
            for one in present["items"]
        ],
        "proration_behavior": "none",
    }
    # A schedule that is made from a subscription need not name what that is discounted by.
    if held := [{"discount": ref(one)} for one in found.get("discounts") or []]:
        present["discounts"] = then["discounts"] = held
    client.v1.subscription_schedules.update(
        schedule["id"], {"end_behavior": "release", "phases": [present, then]}
    )


def _exceeded(tenant: Tenant, price: Price) -> list[Standing]:
    """What the workspace uses more of than the plan gives."""
    version: Any = price.plan_version
    gives = {one.code: one for one in version.planentitlements.all()}
    over = []
    for one in standings(tenant):
        given = gives.get(one.entitlement.code)
        if given is None or given.value is None or given.is_soft:
            continue
        if one.entitlement.kind is Kind.LIMIT and (one.used or 0) > given.value:
            over.append(one)
    return over


def renewal_at(row: Subscription) -> datetime | None:
    """When it is paid for next; None: not any more."""
    if row.ends_at is not None:
        return None
    is_trial = row.standing == SubscriptionStanding.TRIAL
    return row.trial_ends_at if is_trial else row.period_ends_at
