"""Purchases compared with their grants: a part of billing's reconciliation."""

import uuid
from collections.abc import Iterator, Sequence

from django.db.models import Q, Sum

from apps.billing.enums import PurchaseState
from apps.billing.models import CreditPurchase
from apps.billing.reconciling.findings import Finding
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource, TransactionKind
from apps.credits.models import Grant, Lot, Transaction
from apps.credits.services.purchases import purchase_follow, share_paid_back
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

WITH_LEDGER = (TenantStatus.READY, TenantStatus.SUSPENDED)


def grants_compare(tenant: Tenant, purchases: Sequence[CreditPurchase]) -> Iterator[Finding]:
    """Of the purchases of billing's window. Three statements; two more where something was paid back."""
    if tenant.status not in WITH_LEDGER:
        return
    paid = {str(one.id): one for one in purchases if one.state == PurchaseState.PAID}
    oldest = min((one.created_at for one in purchases), default=None)
    with tenant_context(tenant):
        bought = Grant.objects.filter(source=GrantSource.PURCHASE)
        wanted = Q(reference__in=list(paid))
        if oldest is not None:
            wanted |= Q(created_at__gte=oldest)
        grants = {one.reference: one for one in bought.filter(wanted)} if purchases else {}
        kept = {named for named, row in paid.items() if _is_kept(grants.get(named), row)}
    for named in paid:
        if named not in grants:
            yield Finding("grant_missing", tenant.slug, "purchase", named, "none", "paid")
    unpaid = _never_paid(set(grants) - set(paid))
    for named in sorted(unpaid):
        yield Finding("grant_unpaid", tenant.slug, "grant", named, "granted", "none")
    for named in sorted(kept):
        yield Finding("grant_kept", tenant.slug, "purchase", named, "granted", "paid back")


def purchase_mend(actor: Actor, purchase_id: uuid.UUID) -> None:
    purchase_follow(actor=actor, purchase_id=purchase_id)


def _never_paid(references: set[str]) -> set[str]:
    """Those of no purchase that is paid, also before the window."""
    ids = [one for one in references if _is_uuid(one)]
    paid = CreditPurchase.objects.filter(id__in=ids, state=PurchaseState.PAID)
    return references - {str(one) for one in paid.values_list("id", flat=True)}


def _is_kept(grant: Grant | None, row: CreditPurchase) -> bool:
    """Whether something of it should have been taken back, and can be."""
    back = share_paid_back(row)
    if grant is None or not back or grant.revoked_at is not None:
        return False
    taken = Transaction.objects.filter(
        kind=TransactionKind.REVOCATION, related_id=grant.id
    ).aggregate(sum=Sum("amount_microcredits"))["sum"]
    left = Lot.objects.filter(grant=grant).aggregate(sum=Sum("remaining_microcredits"))["sum"]
    return bool(left) and (taken or 0) < back


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
