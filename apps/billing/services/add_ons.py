"""More or fewer add-ons beside the plan that is paid for, after a preview of what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.add_ons import add_ons_priced, items_of_add_ons, quantities_check
from apps.billing.enums import Standing
from apps.billing.events import SubscriptionAddOnsChanged
from apps.billing.models import AddOn, Price, Subscription
from apps.billing.services.asking import customers_turn, subscription_live, take_over
from apps.billing.stripe_shapes import ref
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.common.money import Money
from apps.tenants.models import Tenant

Wanted = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AddOnsPreview:
    """What other add-ons mean, before they are had. changes: those that differ, how many now and then.

    now_due: what is charged now, with taxes (below 0: what is credited to the next invoice). next_total: of
    the invoice after, without.
    """

    changes: Sequence[tuple[AddOn, int, int]]
    now_due: Money
    next_total: Money

    @property
    def due(self) -> Money:
        """Without its sign."""
        return Money(abs(self.now_due.amount_minor), self.now_due.currency)


def add_ons_preview(*, actor: Actor, tenant: Tenant, wanted: Wanted) -> AddOnsPreview:
    """Asks Stripe for the figures. wanted: by code; those not named stay. Raises as add_ons_change does."""
    row = _changeable(actor, tenant, wanted)
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(row.stripe_id).to_dict()
        had, items, changes = _items(row, found, wanted)
        currency = str(found["currency"]).upper()
        due = 0
        if items:
            asked: Any = {
                "customer": ref(found["customer"]),
                "subscription": row.stripe_id,
                "subscription_details": {"items": items, "proration_behavior": "always_invoice"},
            }
            due = client.v1.invoices.create_preview(asked).total
    return AddOnsPreview(
        [(one.add_on, before, after) for one, before, after in changes if one.add_on is not None],
        Money(due, currency),
        Money(had + sum(p.amount_minor * (then - now) for p, now, then in changes), currency),
    )


def add_ons_change(
    *, actor: Actor, tenant: Tenant, wanted: Wanted, key: str
) -> Subscription | None:
    """Have so many of each, from now on. What costs more is charged at once, by what is left of the period;
    what costs less is credited to the next invoice.

    wanted: by code; those not named stay. key: of the form or request. Said again, it changes nothing. Not
    inside a transaction. Publishes billing.subscription_add_ons_changed, and as subscription_take_over does.
    Raises PermissionDenied, ReauthenticationRequired, InvalidInput, Conflict (`not_subscribed`,
    `payment_failed`, `paused`, `change_waits`, `busy`), PaymentDeclined, StripeUnavailable.
    """
    _changeable(actor, tenant, wanted)
    with customers_turn(tenant):
        row = _changeable(actor, tenant, wanted)
        with gateway.stripe_client() as client:
            found = client.v1.subscriptions.retrieve(row.stripe_id).to_dict()
            _had, items, changes = _items(row, found, wanted)
            if items:
                more = sum(price.amount_minor * (then - now) for price, now, then in changes) > 0
                change: Any = {
                    "items": items,
                    "proration_behavior": "always_invoice" if more else "create_prorations",
                    "payment_behavior": "error_if_incomplete" if more else "allow_incomplete",
                }
                act: Any = {"idempotency_key": gateway.idempotency_key("add_ons", row.id, key)}
                client.v1.subscriptions.update(row.stripe_id, change, act)
        if not changes:
            return take_over(actor, tenant, row.stripe_id, None)
        words = " ".join(f"{p.add_on.code}={then}" for p, _now, then in changes if p.add_on)
        event = SubscriptionAddOnsChanged(
            tenant_id=tenant.id, stripe_id=row.stripe_id, quantities=words
        )
        return take_over(actor, tenant, row.stripe_id, event)


def _changeable(actor: Actor, tenant: Tenant, wanted: Wanted) -> Subscription:
    row = subscription_live(actor, tenant)
    if row.unpaid_since is not None:
        raise Conflict(
            _("A payment failed. Pay the open invoice first, then change add-ons."),
            code="payment_failed",
        )
    if row.standing == Standing.PAUSED:
        raise Conflict(
            _("The subscription is paused. End the pause first, then change add-ons."),
            code="paused",
        )
    if row.next_price is not None:
        raise Conflict(
            _("The plan changes when the period ends. Take that back first, or wait until then."),
            code="change_waits",
        )
    if row.price is None:
        raise Conflict(_("The subscription has no plan that is known."), code="not_subscribed")
    quantities_check(wanted)
    return row


Changes = list[tuple[Price, int, int]]


def _items(
    row: Subscription, found: Mapping[str, Any], wanted: Wanted
) -> tuple[int, list[dict[str, Any]], Changes]:
    """What a period costs now, in the smallest unit; what Stripe is told; and what that changes."""
    held = items_of_add_ons(found)
    plan = row.price
    if plan is None:
        raise TypeError("add-ons are had beside a plan")
    total = plan.amount_minor * (row.quantity if plan.is_per_seat else 1)
    total += sum(price.amount_minor * one["quantity"] for price, one in held.values())
    new = {code: n for code, n in wanted.items() if code not in held}
    items: list[dict[str, Any]] = []
    changes: Changes = []
    for price, quantity in add_ons_priced(plan, new):
        items.append({"price": price.stripe_price_id, "quantity": quantity})
        changes.append((price, 0, quantity))
    for code, (price, one) in held.items():
        then = wanted.get(code, one["quantity"])
        if then == one["quantity"]:
            continue
        if price.add_on is not None and price.add_on.retired_at and then > one["quantity"]:
            raise Conflict(_("%s is not sold any more.") % price.add_on.name, code="add_on_retired")
        gone = {"id": one["id"], "deleted": True}
        items.append({"id": one["id"], "quantity": then} if then else gone)
        changes.append((price, one["quantity"], then))
    return total, items, changes
