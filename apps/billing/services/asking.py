"""What the acts on a subscription share: whose it is, and that what Stripe answers is taken over.

Each act asks Stripe, then takes over what it answers, under the lock of the customer, as the inbox does: the
page that follows shows it, and Stripe's event finds nothing left to do. Who did it is published with that.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.inbox.lanes import lane_lock
from apps.billing.models import Price, Subscription
from apps.billing.permissions import MANAGE_BILLING
from apps.billing.services.checkout import customer_known
from apps.billing.services.subscriptions import subscription_take_over
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.events.registry import Event
from apps.events.services import publish
from apps.tenants.models import Tenant

ACTOR = Actor.system("billing")
# How long a click waits for the inbox, which may be asking Stripe about the same customer.
LOCK_WAIT_S = 5.0


def subscription_live(actor: Actor, tenant: Tenant) -> Subscription:
    """The tenant's, for who may change it.

    Raises PermissionDenied, ReauthenticationRequired, Conflict (`not_subscribed`).
    """
    authorize(actor, MANAGE_BILLING)
    actor.require_recent_proof()
    row = (
        Subscription.objects.select_related("price__plan_version__plan", "next_price")
        .filter(tenant_id=tenant.id)
        .first()
    )
    if row is None or not row.is_live:
        raise Conflict(_("There is no subscription. Choose a plan first."), code="not_subscribed")
    return row


@contextmanager
def customers_turn(tenant: Tenant) -> Iterator[None]:
    """For the block: nobody else works on the tenant's customer, so that what was looked at still holds.

    Raises Conflict (`no_customer`, `busy`).
    """
    customer = customer_known(tenant.id)
    with (
        system_connection(),
        lane_lock(customer.stripe_id or "", wait_s=LOCK_WAIT_S) as is_mine,
    ):
        if not is_mine:
            raise Conflict(
                _("Events of Stripe about it are being worked on. Try again in a moment."),
                code="busy",
            )
        yield


@system_connection()
def take_over(
    actor: Actor,
    tenant: Tenant,
    stripe_id: str,
    event: Event | None,
    *,
    next_price: Price | None = None,
) -> Subscription | None:
    """Ask again what there is now. If the inbox is at it for too long, it takes that over: both say the same.

    What is to come (next_price) is noted at once, as later by the schedule's event (upcoming.py); so is who
    did it. event: None where nothing was changed.
    """
    customer = customer_known(tenant.id)
    with lane_lock(customer.stripe_id or "", wait_s=LOCK_WAIT_S) as is_mine:
        found = subscription_now(stripe_id) if is_mine else None
        with transaction.atomic():
            if found is not None:
                row = subscription_take_over(actor=ACTOR, tenant_id=tenant.id, found=found)
            else:
                row = Subscription.objects.filter(tenant_id=tenant.id).first()
            if row is not None:
                row.next_price = next_price
                row.next_price_at = row.period_ends_at if next_price else None
                row.save(update_fields=["next_price", "next_price_at", "updated_at"])
            if event is not None:
                publish(event, actor=actor, tenant_id=tenant.id)
    return row


def subscription_now(stripe_id: str) -> Mapping[str, Any]:
    """As Stripe says it. To be taken over under the lock of its customer."""
    with gateway.stripe_client() as client:
        found: Mapping[str, Any] = client.v1.subscriptions.retrieve(stripe_id).to_dict()
    return found


def schedule_release(client: Any, found: Any) -> None:
    """What was to come does not come."""
    schedule = found.get("schedule")
    if schedule and schedule["status"] in ("active", "not_started"):
        client.v1.subscription_schedules.release(schedule["id"])
