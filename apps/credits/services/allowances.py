"""Credits that come with the plan, once a period."""

import uuid

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.billing.allowances import Allowance, allowance_now, allowance_settle
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.models import Grant
from apps.credits.services.grants import grant_create
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@system_connection()
@transaction.atomic
def allowance_give(*, actor: Actor, tenant_id: uuid.UUID) -> Grant | None:
    """Give what the plan says of the present period, as far as it is not given yet; None: nothing is missing.

    Of a plan that gives more within a period the difference comes, once; one that gives less takes nothing. A
    workspace that is being made, or deleted, gets none.
    Who asks at the same time waits. Locks the tenant's plan. Publishes credits.granted.
    Raises PermissionDenied.
    """
    require_platform(actor)
    tenant = tenant_by_id(tenant_id)
    if tenant is None or tenant.status not in (TenantStatus.READY, TenantStatus.SUSPENDED):
        return None
    allowance = allowance_now(actor=actor, tenant_id=tenant_id)
    grant = _give(actor, tenant, allowance) if allowance else None
    allowance_settle(actor=actor, tenant_id=tenant_id, given=allowance)
    return grant


def _give(actor: Actor, tenant: Tenant, allowance: Allowance) -> Grant | None:
    """By the plan's lock, alone."""
    period = f"{allowance.starts_at:%Y-%m-%dT%H:%M:%SZ}"
    with tenant_context(tenant):
        given = Grant.objects.filter(
            source=GrantSource.PLAN, reference__startswith=f"{period}:"
        ).aggregate(credits=Sum("amount_microcredits"), rollover=Sum("rollover_cap_microcredits"))
        missing = allowance.credits_microcredits - (given["credits"] or 0)
        if missing <= 0:
            return None
        rollover = max(0, allowance.rollover_microcredits - (given["rollover"] or 0))
        return grant_create(
            actor=actor,
            source=GrantSource.PLAN,
            amount_microcredits=missing,
            reference=f"{period}:{allowance.credits_microcredits}",
            description=_("Plan %(plan)s") % {"plan": allowance.plan},
            effective_at=allowance.starts_at,
            expires_at=allowance.ends_at,
            rollover_cap_microcredits=min(rollover, missing),
        )
