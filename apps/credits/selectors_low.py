"""Which accounts are low, of all tenants: a statement for many of them."""

import uuid
from collections.abc import Iterator, Sequence

from django.db import connection
from psycopg import sql

from apps.billing.models import AutoTopUp
from apps.common.database import system_connection
from apps.credits.enums import WALLET_ID
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

AT_ONCE = 200
UNTOLD = sql.SQL("low_at IS NOT NULL AND low_told_at IS DISTINCT FROM low_at")
LOW_WALLET = sql.SQL("id = {} AND low_at IS NOT NULL").format(sql.Literal(WALLET_ID))


@system_connection()
def accounts_untold(tenant_ids: Sequence[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(tenant, account), where it is low and nobody was told. A statement for each AT_ONCE tenants."""
    return list(_found(tenant_ids, UNTOLD))


@system_connection()
def tenants_to_top_up() -> list[uuid.UUID]:
    """Whose wallet is low and who have packs bought for that. Statements as accounts_untold, and one."""
    wished = AutoTopUp.objects.filter(is_on=True, paused_at=None).order_by("tenant_id")
    ids = list(wished.values_list("tenant_id", flat=True))
    return [tenant_id for tenant_id, _account in _found(ids, LOW_WALLET)]


def _found(
    tenant_ids: Sequence[uuid.UUID], where: sql.SQL | sql.Composed
) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    for start in range(0, len(tenant_ids), AT_ONCE):
        ready = Tenant.objects.filter(
            id__in=tenant_ids[start : start + AT_ONCE],
            status=TenantStatus.READY,
            maintenance_since=None,
        )
        parts = [
            sql.SQL("SELECT {}::uuid, id FROM {} WHERE {}").format(
                sql.Literal(tenant_id), sql.Identifier(schema, "credits_account"), where
            )
            for tenant_id, schema in ready.order_by("id").values_list("id", "schema_name")
        ]
        if not parts:
            continue
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(" UNION ALL ").join(parts))
            yield from cursor.fetchall()
