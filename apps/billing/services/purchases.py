"""Packs of credits: bought on Stripe's page, and what Stripe says of it afterwards.

Parts of the services of the credits, which have authorized what they do with them: what is bought is granted
there, by the events that are published here.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing import gateway
from apps.billing.customers import billing_customer_ensure
from apps.billing.enums import PurchaseState
from apps.billing.events import CreditsBought, CreditsReturned
from apps.billing.models import CreditPurchase, PackPrice
from apps.billing.services.checkout import Page
from apps.billing.stripe_shapes import invoice_payment_intent_id, ref
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.tenants.models import Tenant

METADATA_KEY = "credit_purchase_id"
MOST_PACKS = 100
# When Stripe is asked what became of a page; it is open for a day.
CHECK_PAGE_AFTER = timedelta(minutes=15)
PAID_BY = ("checkout.session", "invoice", "payment_intent")
BUY_PAGE = "/credits/buy/"


def pack_price(code: str, currency: str) -> PackPrice:
    """What a pack that is sold costs now. One statement. Raises NotFound, Conflict (`not_for_sale`)."""
    found = (
        PackPrice.objects.select_related("pack")
        .filter(pack__code=code, currency=currency, retired_at=None, pack__retired_at=None)
        .filter(pack__is_public=True)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such pack."))
    if not found.stripe_price_id:
        raise Conflict(
            _("This pack cannot be bought yet. Ask us, or try again later."), code="not_for_sale"
        )
    return found


@system_connection()
def pack_checkout_begin(
    *, actor: Actor, tenant: Tenant, price: PackPrice, quantity: int, email: str
) -> Page:
    """A page of Stripe's to buy packs on, with an invoice; the card is kept for automatic top-ups.

    price: of pack_price. email: where Stripe sends the receipt. Not inside a transaction. Publishes
    billing.customer_created, once.
    Raises InvalidInput, Conflict (`other_currency`), StripeRefused, StripeUnavailable.
    """
    customer = billing_customer_ensure(actor=actor, tenant=tenant, email=email)
    if customer.currency and customer.currency.upper() != price.currency:
        raise Conflict(
            _("The workspace pays in %s.") % customer.currency.upper(), code="other_currency"
        )
    purchase = purchase_begin(tenant.id, price, quantity, check_after=CHECK_PAGE_AFTER)
    metadata = {METADATA_KEY: str(purchase.id), "tenant_id": str(tenant.id)}
    page: Any = {
        "mode": "payment",
        "customer": customer.stripe_id or "",
        "client_reference_id": str(tenant.id),
        "line_items": [{"price": price.stripe_price_id, "quantity": quantity}],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "setup_future_usage": "off_session"},
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": metadata}},
        "billing_address_collection": "auto",
        "customer_update": {"name": "auto", "address": "auto"},
        "tax_id_collection": {"enabled": True},
        "success_url": tenant.url(f"{BUY_PAGE}?bought=yes"),
        "cancel_url": tenant.url(BUY_PAGE),
    }
    with gateway.stripe_client() as client:
        made = client.v1.checkout.sessions.create(
            page, {"idempotency_key": gateway.idempotency_key("purchase", purchase.id)}
        )
    CreditPurchase.objects.filter(id=purchase.id).update(stripe_session_id=made.id)
    return Page(made.id, made.url or "")


def purchase_begin(
    tenant_id: uuid.UUID, price: PackPrice, quantity: int, *, check_after: timedelta, **fields: Any
) -> CreditPurchase:
    """The row, before Stripe is asked, with the terms of now. Raises InvalidInput."""
    if not 1 <= quantity <= MOST_PACKS:
        raise InvalidInput.field(
            "quantity", _("Choose 1 to %(most)s packs.") % {"most": MOST_PACKS}, "out_of_range"
        )
    return CreditPurchase.objects.create(
        tenant_id=tenant_id,
        price=price,
        quantity=quantity,
        credits_microcredits=price.pack.credits_microcredits * quantity,
        amount_minor=price.amount_minor * quantity,
        currency=price.currency,
        valid_days=price.pack.valid_days,
        priority=price.pack.priority,
        check_at=timezone.now() + check_after,
        **fields,
    )


@transaction.atomic
def purchase_take_over(
    *, actor: Actor, tenant_id: uuid.UUID | None, found: Mapping[str, Any]
) -> CreditPurchase | None:
    """Make the purchase say what Stripe says of it now. None: it is not about one of the tenant's.

    tenant_id: None for what names no customer, as disputes do: then whoever's payment it is.
    found: the checkout session, invoice or payment intent that it is paid by; or a charge, dispute or credit
    note, by which it is given back. The same again changes nothing, and their order does not matter.
    Locks the row. Publishes billing.credits_bought, billing.credits_returned.
    """
    require_platform(actor)
    row = _purchase_of(tenant_id, found)
    if row is None:
        return None
    match found["object"]:
        case "checkout.session":
            _follow_session(actor, row, found)
        case "invoice":
            _follow_invoice(actor, row, found)
        case "payment_intent":
            _follow_intent(actor, row, found)
        case "charge":
            _note_returned(actor, row, found["id"], found.get("amount_refunded") or 0)
        case "dispute":
            is_lost = found.get("status") == "lost"
            _note_returned(actor, row, found["id"], found["amount"] if is_lost else 0)
        case "credit_note":
            is_void = found.get("status") == "void"
            _note_returned(actor, row, found["id"], 0 if is_void else _credited(found))
    return row


def _purchase_of(tenant_id: uuid.UUID | None, found: Mapping[str, Any]) -> CreditPurchase | None:
    """By our id, which what it is paid by has; else by what is referred to. One statement or none."""
    named = Q()
    if row_id := _uuid((found.get("metadata") or {}).get(METADATA_KEY)):
        named |= Q(id=row_id)
    if found["object"] not in PAID_BY:
        if invoice_id := ref(found.get("invoice")):
            named |= Q(stripe_invoice_id=invoice_id)
        if intent_id := ref(found.get("payment_intent")):
            named |= Q(stripe_payment_intent_id=intent_id)
    if not named:
        return None
    rows = CreditPurchase.objects.select_for_update(of=("self",)).select_related("price__pack")
    if tenant_id is not None:
        rows = rows.filter(tenant_id=tenant_id)
    return rows.filter(named).first()


def _follow_session(actor: Actor, row: CreditPurchase, found: Mapping[str, Any]) -> None:
    row.stripe_session_id = row.stripe_session_id or found["id"]
    if found.get("payment_status") in ("paid", "no_payment_required"):
        purchase_paid(
            actor,
            row,
            paid_minor=found.get("amount_total") or 0,
            invoice_id=ref(found.get("invoice")),
            intent_id=ref(found.get("payment_intent")),
        )
    elif found.get("status") == "expired":
        purchase_failed(row, "expired", str(_("Nobody paid on the page while it was open.")))


def _follow_invoice(actor: Actor, row: CreditPurchase, found: Mapping[str, Any]) -> None:
    if found.get("status") == "paid":
        purchase_paid(
            actor,
            row,
            paid_minor=found.get("total") or 0,
            invoice_id=found["id"],
            intent_id=invoice_payment_intent_id(found),
        )


def _follow_intent(actor: Actor, row: CreditPurchase, found: Mapping[str, Any]) -> None:
    if found.get("status") == "succeeded":
        purchase_paid(
            actor,
            row,
            paid_minor=found.get("amount_received") or 0,
            invoice_id="",
            intent_id=found["id"],
        )


def purchase_paid(
    actor: Actor, row: CreditPurchase, *, paid_minor: int, invoice_id: str, intent_id: str
) -> None:
    """Of a locked row. What is known by one object fills up what another did not say."""
    is_new = row.state != PurchaseState.PAID
    if is_new:
        row.state, row.paid_at, row.paid_minor = PurchaseState.PAID, timezone.now(), paid_minor
        row.check_at, row.failure_code, row.failure_reason = None, "", ""
    row.stripe_invoice_id = row.stripe_invoice_id or invoice_id or None
    row.stripe_payment_intent_id = row.stripe_payment_intent_id or intent_id or None
    row.save()
    if is_new:
        publish(
            CreditsBought(
                tenant_id=row.tenant_id,
                purchase_id=row.id,
                pack=row.price.pack.code,
                quantity=row.quantity,
                credits_microcredits=row.credits_microcredits,
                paid_minor=row.paid_minor,
                currency=row.currency,
                is_automatic=row.is_automatic,
            ),
            actor=actor,
            tenant_id=row.tenant_id,
        )


def purchase_failed(row: CreditPurchase, code: str, reason: str) -> bool:
    """Of a locked row: nothing is charged. False: it is known how it ended."""
    if row.state != PurchaseState.OPEN:
        return False
    row.state, row.check_at = PurchaseState.FAILED, None
    row.failure_code, row.failure_reason = code[:100], reason[:500]
    row.save()
    return True


def _note_returned(actor: Actor, row: CreditPurchase, object_id: str, amount: int) -> None:
    before = row.returned_minor
    if row.returned.get(object_id, 0) == amount:
        return
    row.returned = {**row.returned, object_id: amount}
    row.save(update_fields=["returned", "updated_at"])
    if row.state == PurchaseState.PAID and row.returned_minor != before:
        publish(
            CreditsReturned(
                tenant_id=row.tenant_id,
                purchase_id=row.id,
                returned_minor=row.returned_minor,
                paid_minor=row.paid_minor,
                currency=row.currency,
            ),
            actor=actor,
            tenant_id=row.tenant_id,
        )


def _credited(found: Mapping[str, Any]) -> int:
    """Of a credit note what was not refunded through the charge, which says so itself."""
    refunded = sum(one.get("amount_refunded") or 0 for one in found.get("refunds") or [])
    return max((found.get("amount") or 0) - refunded, 0)


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
