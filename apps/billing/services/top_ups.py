"""Packs that are bought by themselves: an invoice, charged to the card that Stripe has, once.

What is charged is one invoice, whose id is noted before it is paid: wherever a worker dies, the next one asks
for the same invoice, and Stripe lets that be paid once.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.billing import gateway
from apps.billing.enums import PurchaseState
from apps.billing.errors import PaymentDeclined, StripeObjectMissing, StripeRefused
from apps.billing.events import AutoTopUpCapped, AutoTopUpPaused
from apps.billing.inbox.lanes import lane_lock
from apps.billing.life import LIVING
from apps.billing.models import (
    AutoTopUp,
    BillingCustomer,
    CreditPurchase,
    PackPrice,
    Subscription,
)
from apps.billing.services.purchases import (
    METADATA_KEY,
    purchase_begin,
    purchase_failed,
    purchase_take_over,
)
from apps.billing.stripe_shapes import invoice_payment_intent_id, ref
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.events.services import publish

log = structlog.get_logger(__name__)

ACTOR = Actor.system("billing")
# A worker that asks is through by then; else another one goes on.
CHECK_AFTER = timedelta(minutes=1)
CHECK_AGAIN_AFTER = timedelta(hours=1)
EXPANDED: Any = {"expand": ["payments"]}


@system_connection()
def top_up_buy(
    *, actor: Actor, tenant_id: uuid.UUID, low_at: datetime, below_microcredits: int
) -> bool:
    """Buy what the tenant's auto top-up says, once for a crossing. A part of the credits' service.

    low_at: since when the wallet is low, that is, below so much. False: the customer is being worked on; to
    be asked again. A payment that fails pauses it; above the monthly cap nothing is bought, which is told
    once a month.
    Not inside a transaction. Publishes billing.credits_bought, auto_top_up_paused, auto_top_up_capped.
    Raises PermissionDenied, StripeUnavailable: nothing is known then, and the sweep goes on.
    """
    require_platform(actor)
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id, stripe_id__isnull=False).first()
    if customer is None:
        return _without_customer(tenant_id)
    with lane_lock(customer.stripe_id or "") as is_mine:
        if not is_mine:
            return False
        purchase = _begin(tenant_id, low_at, below_microcredits)
        if purchase is not None:
            _charge(customer, purchase)
    return True


@system_connection()
def purchase_check(*, actor: Actor, purchase_id: uuid.UUID) -> bool:
    """Ask Stripe what became of a purchase that is open, and go on with an automatic one.

    False: the customer is being worked on. Not inside a transaction. Publishes as purchase_take_over does.
    Raises PermissionDenied, StripeUnavailable.
    """
    require_platform(actor)
    row = CreditPurchase.objects.filter(id=purchase_id, state=PurchaseState.OPEN).first()
    if row is None:
        return True
    customer = BillingCustomer.objects.get(tenant_id=row.tenant_id)
    with lane_lock(customer.stripe_id or "") as is_mine:
        if not is_mine:
            return False
        later = timezone.now() + CHECK_AGAIN_AFTER
        CreditPurchase.objects.filter(id=row.id).update(check_at=later)
        if row.is_automatic:
            _charge(customer, row)
        else:
            _check_page(row)
    return True


@system_connection()
def purchases_overdue(limit: int) -> list[uuid.UUID]:
    """Open ones that Stripe is to be asked about, those that wait longest first. One statement."""
    due = CreditPurchase.objects.filter(state=PurchaseState.OPEN, check_at__lte=timezone.now())
    return list(due.order_by("check_at").values_list("id", flat=True)[:limit])


def card_of(customer: BillingCustomer) -> str:
    """Stripe's id of what the customer pays with by default; empty: there is none. Up to three requests.

    The customer's own, else the subscription's, else the newest card. Raises StripeUnavailable.
    """
    with gateway.stripe_client() as client:
        found = client.v1.customers.retrieve(customer.stripe_id or "").to_dict()
        if default := ref((found.get("invoice_settings") or {}).get("default_payment_method")):
            return default
        living = Subscription.objects.filter(tenant_id=customer.tenant_id, status__in=LIVING)
        if row := living.first():
            try:
                paid = client.v1.subscriptions.retrieve(row.stripe_id).to_dict()
            except StripeObjectMissing:
                paid = {}
            if default := ref(paid.get("default_payment_method")):
                return default
        query: Any = {"customer": customer.stripe_id, "type": "card", "limit": 1}
        cards = client.v1.payment_methods.list(query).data
    return cards[0].id if cards else ""


def month_of(moment: datetime) -> date:
    """The first day of its month (UTC)."""
    return moment.astimezone(UTC).date().replace(day=1)


def automatic_of_month(tenant_id: uuid.UUID, month: date) -> QuerySet[CreditPurchase]:
    """Automatic purchases of a month that cost something, with those that are under way."""
    since = datetime(month.year, month.month, 1, tzinfo=UTC)
    rows = CreditPurchase.objects.filter(
        tenant_id=tenant_id, is_automatic=True, created_at__gte=since
    )
    return rows.exclude(state=PurchaseState.FAILED)


def charged_in_month(tenant_id: uuid.UUID, currency: str, month: date) -> int:
    """What automatic_of_month cost. One statement."""
    rows = automatic_of_month(tenant_id, month).filter(currency=currency)
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


@transaction.atomic
def _begin(tenant_id: uuid.UUID, low_at: datetime, below: int) -> CreditPurchase | None:
    """The purchase of this crossing, begun or gone on with; None: there is nothing to charge.

    Under the customer's lock. Locks the setting.
    """
    setting = (
        AutoTopUp.objects.select_for_update(of=("self",))
        .select_related("pack")
        .filter(tenant_id=tenant_id)
        .first()
    )
    if setting is None or not setting.is_active:
        return None
    automatic = CreditPurchase.objects.filter(tenant_id=tenant_id, is_automatic=True)
    if begun := automatic.filter(state=PurchaseState.OPEN).first():
        return begun
    if automatic.filter(low_at=low_at, state=PurchaseState.PAID).exists():
        return None
    price = _price(setting, below)
    if price is None:
        return None
    month = month_of(timezone.now())
    amount = price.amount_minor * setting.quantity
    if charged_in_month(tenant_id, price.currency, month) + amount > setting.monthly_cap_minor:
        _tell_cap(setting, month)
        return None
    return purchase_begin(
        tenant_id,
        price,
        setting.quantity,
        check_after=CHECK_AFTER,
        is_automatic=True,
        low_at=low_at,
    )


def _price(setting: AutoTopUp, below: int) -> PackPrice | None:
    """What is to be bought, as it is sold now; None: the setting is paused, as its terms are others now."""
    price = PackPrice.objects.filter(
        pack=setting.pack, currency=setting.currency, retired_at=None, pack__retired_at=None
    ).first()
    if price is None or not price.stripe_price_id:
        _pause(setting, "not_for_sale", _("The pack is not sold any more. Choose another one."))
        return None
    if setting.pack.credits_microcredits * setting.quantity < below:
        # One purchase would not do, and one is all that a crossing brings.
        _pause(setting, "pack_too_small", _("The pack brings less than the wallet is low below."))
        return None
    return price


def _charge(customer: BillingCustomer, row: CreditPurchase) -> None:
    """From wherever it stands to paid or failed. Under the customer's lock."""
    found: Mapping[str, Any] | None
    try:
        found = _paid_invoice(customer, row)
    except (PaymentDeclined, StripeRefused, StripeObjectMissing, Conflict) as error:
        found = _given_up(row)
        if found is None or found["status"] != "paid":
            _fail(row.id, str(error.code), str(error.detail))
            return
    purchase_take_over(actor=ACTOR, tenant_id=row.tenant_id, found=found)


def _paid_invoice(customer: BillingCustomer, row: CreditPurchase) -> Mapping[str, Any]:
    """Each step once, whoever did those before. Raises what Stripe refuses."""
    with gateway.stripe_client() as client:
        invoice_id = row.stripe_invoice_id or _invoice_made(client, customer, row)
        found = client.v1.invoices.retrieve(invoice_id, EXPANDED).to_dict()
        if found["status"] == "draft":
            if not found["lines"]["data"]:
                item: Any = {
                    "customer": customer.stripe_id,
                    "invoice": invoice_id,
                    "pricing": {"price": row.price.stripe_price_id},
                    "quantity": row.quantity,
                }
                client.v1.invoice_items.create(item, _key("item", row))
            client.v1.invoices.finalize_invoice(
                invoice_id, {"auto_advance": False}, _key("final", row)
            )
            found = client.v1.invoices.retrieve(invoice_id, EXPANDED).to_dict()
            intent_id = invoice_payment_intent_id(found) or None
            CreditPurchase.objects.filter(id=row.id).update(stripe_payment_intent_id=intent_id)
        if found["status"] == "open":
            card = card_of(customer)
            if not card:
                raise Conflict(_("There is no card to charge."), code="no_payment_method")
            pay: Any = {"off_session": True, "payment_method": card}
            client.v1.invoices.pay(invoice_id, pay, _key("pay", row))
            found = client.v1.invoices.retrieve(invoice_id, EXPANDED).to_dict()
    if found["status"] != "paid":
        raise Conflict(_("The invoice cannot be paid any more."), code=f"invoice_{found['status']}")
    return found


def _invoice_made(client: Any, customer: BillingCustomer, row: CreditPurchase) -> str:
    """Noted before anything is charged. One that is not noted stays a draft, which charges nobody."""
    asked: Any = {
        "customer": customer.stripe_id,
        "currency": row.currency.lower(),
        "collection_method": "charge_automatically",
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "description": _("Automatic top-up of credits"),
        "metadata": {METADATA_KEY: str(row.id), "tenant_id": str(row.tenant_id)},
    }
    made = client.v1.invoices.create(asked, _key("invoice", row))
    CreditPurchase.objects.filter(id=row.id).update(stripe_invoice_id=made.id)
    row.stripe_invoice_id = made.id
    return str(made.id)


def _key(step: str, row: CreditPurchase) -> Any:
    return {"idempotency_key": gateway.idempotency_key("top_up", row.id, step)}


def _given_up(row: CreditPurchase) -> Mapping[str, Any] | None:
    """The invoice as it is now: void, so that nobody pays it later, unless it was paid meanwhile."""
    if row.stripe_invoice_id is None:
        return None
    with gateway.stripe_client() as client:
        found = client.v1.invoices.retrieve(row.stripe_invoice_id, EXPANDED).to_dict()
        try:
            if found["status"] == "open":
                client.v1.invoices.void_invoice(row.stripe_invoice_id)
            elif found["status"] == "draft":
                client.v1.invoices.delete(row.stripe_invoice_id)
        except StripeRefused:
            found = client.v1.invoices.retrieve(row.stripe_invoice_id, EXPANDED).to_dict()
    return found


@transaction.atomic
def _fail(purchase_id: uuid.UUID, code: str, reason: str) -> None:
    row = CreditPurchase.objects.select_for_update().get(id=purchase_id)
    if not purchase_failed(row, code, reason):
        return
    setting = AutoTopUp.objects.select_for_update().filter(tenant_id=row.tenant_id).first()
    if setting is not None and setting.is_active:
        _pause(setting, code, reason)


@transaction.atomic
def _without_customer(tenant_id: uuid.UUID) -> bool:
    setting = AutoTopUp.objects.select_for_update().filter(tenant_id=tenant_id).first()
    if setting is not None and setting.is_active:
        _pause(setting, "no_payment_method", _("There is no card to charge."))
    return True


def _pause(setting: AutoTopUp, code: str, reason: str) -> None:
    """Of a locked setting."""
    setting.paused_at = timezone.now()
    setting.pause_code, setting.pause_reason = code[:100], reason[:500]
    setting.save(update_fields=["paused_at", "pause_code", "pause_reason", "updated_at"])
    publish(
        AutoTopUpPaused(tenant_id=setting.tenant_id, code=code, reason=reason),
        actor=ACTOR,
        tenant_id=setting.tenant_id,
    )


def _tell_cap(setting: AutoTopUp, month: date) -> None:
    """Once a month. Of a locked setting."""
    if setting.capped_on == month:
        return
    setting.capped_on = month
    setting.save(update_fields=["capped_on", "updated_at"])
    publish(
        AutoTopUpCapped(
            tenant_id=setting.tenant_id,
            month=f"{month:%Y-%m}",
            cap_minor=setting.monthly_cap_minor,
            currency=setting.currency,
        ),
        actor=ACTOR,
        tenant_id=setting.tenant_id,
    )


def _check_page(row: CreditPurchase) -> None:
    """What its page says. Without one, nobody was sent there."""
    if row.stripe_session_id is None:
        with transaction.atomic():
            locked = CreditPurchase.objects.select_for_update().get(id=row.id)
            purchase_failed(locked, "abandoned", _("Stripe's page was never opened."))
        return
    with gateway.stripe_client() as client:
        found = client.v1.checkout.sessions.retrieve(row.stripe_session_id).to_dict()
    purchase_take_over(actor=ACTOR, tenant_id=row.tenant_id, found=found)
