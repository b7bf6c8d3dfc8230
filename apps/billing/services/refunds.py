"""Giving back what was paid of an invoice: at Stripe, as a credit note whose amount is refunded."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from stripe import StripeClient

from apps.billing import gateway
from apps.billing.events import InvoiceRefunded
from apps.billing.invoices import invoices_of
from apps.billing.services.staff import customer_lock, reason_required
from apps.billing.stripe_shapes import invoice_is_paid, invoice_refundable_minor
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.money import Money
from apps.events.services import publish
from apps.tenants.services import lock, note

MOST_CREDIT_NOTES = 100


@system_connection()
def invoice_refund(
    *,
    actor: Actor,
    tenant_id: uuid.UUID,
    invoice_id: str,
    amount_minor: int | None,
    reason: str,
    key: uuid.UUID,
) -> Money:
    """Give back a part of what a tenant paid of an invoice, to where it came from; returns how much.

    amount_minor: None: all that is left. key: of the form; the same one again gives back nothing more.
    reason: for the tenant's history and its audit log, and printed on the credit note.
    Holds the customer's lock, so that of two refunds the second sees the first. Died it after Stripe had
    done it, the same form notes what is missing. Not inside a transaction.
    Publishes billing.invoice_refunded.
    Raises PermissionDenied, NotFound, InvalidInput (`amount`, `reason`), Conflict (`not_paid`; `refunded`:
    nothing is left; `refunded_already`: by this form; `busy`), StripeRefused, StripeUnavailable.
    """
    require_platform(actor)
    reason = reason_required(reason)
    if not invoices_of(actor, tenant_id).filter(id=invoice_id).exists():
        raise NotFound
    with customer_lock(tenant_id):
        with gateway.stripe_client() as client:
            made = _made_before(client, invoice_id, key)
            if made is None:
                wished = {
                    "invoice": invoice_id,
                    "memo": reason,
                    "metadata": {"key": str(key), "tenant_id": str(tenant_id)},
                }
                made = _give_back(client, wished, amount_minor, key)
        return _record(actor, tenant_id, invoice_id, made, reason)


def _made_before(client: StripeClient, invoice_id: str, key: uuid.UUID) -> Mapping[str, Any] | None:
    """The credit note of this form. Stripe itself remembers its key for a day only."""
    notes = client.v1.credit_notes.list({"invoice": invoice_id, "limit": MOST_CREDIT_NOTES})
    for one in notes.auto_paging_iter():
        found: Mapping[str, Any] = one.to_dict()
        if (found["metadata"] or {}).get("key") == str(key):
            return found
    return None


def _give_back(
    client: StripeClient, wished: dict[str, Any], amount_minor: int | None, key: uuid.UUID
) -> Mapping[str, Any]:
    invoice = client.v1.invoices.retrieve(wished["invoice"]).to_dict()
    amount = _amount(invoice, amount_minor)
    credit_note: Any = {**wished, "amount": amount, "refund_amount": amount}
    made = client.v1.credit_notes.create(
        credit_note, {"idempotency_key": gateway.idempotency_key("refund", key)}
    )
    found: Mapping[str, Any] = made.to_dict()
    return found


def _amount(invoice: Mapping[str, Any], amount_minor: int | None) -> int:
    if not invoice_is_paid(invoice):
        raise Conflict(
            _("Only what was paid is given back. The invoice is %s.") % invoice["status"],
            code="not_paid",
        )
    left = Money(invoice_refundable_minor(invoice), str(invoice["currency"]).upper())
    if not left.amount_minor:
        raise Conflict(_("Nothing of the invoice is left to give back."), code="refunded")
    wished = left.amount_minor if amount_minor is None else amount_minor
    if not 0 < wished <= left.amount_minor:
        raise InvalidInput.field("amount", _("Choose more than 0, and at most %s.") % left)
    return wished


@transaction.atomic
def _record(
    actor: Actor, tenant_id: uuid.UUID, invoice_id: str, made: Mapping[str, Any], reason: str
) -> Money:
    """Once for each credit note: who comes again finds it in the tenant's history."""
    tenant = lock(tenant_id)
    money = Money(made["amount"], str(made["currency"]).upper())
    mark = f"{made['id']}: "
    if tenant.history.filter(action="invoice_refunded", reason__startswith=mark).exists():
        raise Conflict(_("This has been refunded: %s.") % money, code="refunded_already")
    note(actor, tenant, "invoice_refunded", reason=f"{mark}{money} of {invoice_id}: {reason}"[:500])
    publish(
        InvoiceRefunded(
            tenant_id=tenant_id,
            invoice_id=invoice_id,
            credit_note_id=made["id"],
            amount_minor=money.amount_minor,
            currency=money.currency,
            reason=reason,
        ),
        actor=actor,
        tenant_id=tenant_id,
    )
    return money
