"""Packs that were paid for, as grants; and what is left of them, when they are paid back."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from apps.billing.enums import PurchaseState
from apps.billing.models import CreditPurchase
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.models import Grant
from apps.credits.services.grants import grant_create, grant_take_back
from apps.tenants.selectors import tenant_by_id


@system_connection()
@transaction.atomic
def purchase_follow(*, actor: Actor, purchase_id: uuid.UUID) -> Grant | None:
    """Make the ledger say what the purchase does: granted once when it is paid; taken back in proportion to
    what was paid back, at most what is left.

    None: it is not paid, or gone. The same again changes nothing. Locks the purchase, the grant and the
    accounts that it lies in. Publishes credits.granted, credits.grant_revoked. Raises PermissionDenied.
    """
    require_platform(actor)
    rows = CreditPurchase.objects.select_for_update(of=("self",)).select_related("price__pack")
    row = rows.filter(id=purchase_id, state=PurchaseState.PAID).first()
    tenant = tenant_by_id(row.tenant_id) if row else None
    if row is None or row.paid_at is None or tenant is None or tenant.purge_started_at:
        return None
    with tenant_context(tenant):
        grant = grant_create(
            actor=actor,
            source=GrantSource.PURCHASE,
            amount_microcredits=row.credits_microcredits,
            reference=str(row.id),
            description=_description(row),
            priority=row.priority,
            effective_at=row.paid_at,
            expires_at=row.paid_at + timedelta(days=row.valid_days) if row.valid_days else None,
        )
        if back := share_paid_back(row):
            grant_take_back(
                actor=actor, grant_id=grant.id, amount_microcredits=back, reason=_("Paid back")
            )
    return grant


def share_paid_back(row: CreditPurchase) -> int:
    """Of its credits, the share of the money that was paid back; rounded down."""
    if not row.paid_minor:
        return 0
    return row.credits_microcredits * row.returned_minor // row.paid_minor


def _description(row: CreditPurchase) -> str:
    name = row.price.pack.name
    return f"{row.quantity} × {name}" if row.quantity > 1 else name
