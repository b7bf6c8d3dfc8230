"""What a new tenant begins with: the default plan, or for a copy what the other has."""

import uuid

from apps.billing.models import EntitlementOverride, TenantAddOn, TenantPlan
from apps.billing.selectors import plan_of, version_for_new_tenants
from apps.billing.services import add_on_set, override_set, plan_assign
from apps.common.database import system_connection
from apps.common.entitlements import Granted
from apps.tenants.models import Tenant
from apps.tenants.provisioning import ACTOR, Step


@system_connection()
def plan_begin(tenant: Tenant) -> None:
    """Nothing where one is assigned already, or no plan is sold to begin with: then nothing is limited."""
    if TenantPlan.objects.filter(tenant=tenant).exists():
        return
    source = plan_of(tenant.cloned_from_id) if tenant.cloned_from_id else None
    version = source.plan_version if source else version_for_new_tenants()
    if version is not None:
        plan_assign(
            actor=ACTOR,
            tenant_id=tenant.id,
            plan_version_id=version.id,
            is_comp=source is not None,
            reason="A sandbox copy" if source else "",
        )
    if source is not None:
        _copy_rest(tenant, source.tenant_id)


def _copy_rest(tenant: Tenant, source_id: uuid.UUID) -> None:
    for one in TenantAddOn.objects.filter(tenant_id=source_id, add_on__retired_at=None):
        add_on_set(actor=ACTOR, tenant_id=tenant.id, add_on_id=one.add_on_id, quantity=one.quantity)
    for override in EntitlementOverride.objects.filter(tenant_id=source_id, expires_at=None):
        override_set(
            actor=ACTOR,
            tenant_id=tenant.id,
            code=override.code,
            granted=Granted(override.value, override.is_soft),
            reason="As in the workspace that this is a copy of",
        )


# Before people and organizations come in, which are counted.
STEP = Step("plan", "Choosing your plan", 15, plan_begin)
