"""What a tenant has: its plan, add-ons and exceptions. Staff and the system decide; a checkout is the system.

Each locks the tenant, tells processes to read again (source.epoch_of), and publishes
billing.entitlements_changed besides its own event.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.billing.declarations import value_problem
from apps.billing.events import (
    AddOnChanged,
    EntitlementsChanged,
    OverrideSet,
    OverrideWithdrawn,
    PlanAssigned,
)
from apps.billing.models import AddOn, EntitlementOverride, PlanVersion, TenantAddOn, TenantPlan
from apps.billing.source import epoch_of
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.entitlements import Granted
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.registry import Event
from apps.events.services import publish
from apps.tenants.models import Tenant
from apps.tenants.services import lock, note

MOST_ADD_ONS = 1000
MISSING_BATCH = 200


@system_connection()
@transaction.atomic
def plan_assign(
    *,
    actor: Actor,
    tenant_id: uuid.UUID,
    plan_version_id: uuid.UUID,
    is_comp: bool = False,
    reason: str = "",
) -> TenantPlan:
    """Give a tenant a plan's version, instead of what it has. It keeps its day of the month, and what it
    is above.

    is_comp: free of charge; it needs a reason. Publishes billing.plan_assigned, nothing if it has it so
    already. Raises PermissionDenied, NotFound, InvalidInput (no reason), Conflict (a draft).
    """
    require_platform(actor)
    tenant = lock(tenant_id)
    version = PlanVersion.objects.select_related("plan").filter(id=plan_version_id).first()
    if version is None:
        raise NotFound
    if version.published_at is None:
        raise Conflict(_("%s is a draft. Publish it first.") % version, code="plan_version_draft")
    reason = reason.strip()[:500]
    if is_comp and not reason:
        raise InvalidInput.field("reason", _("Say why it is free of charge."), "required")
    now = timezone.now()
    held = TenantPlan.objects.select_related("plan_version__plan").filter(tenant=tenant).first()
    before = held.plan_version if held else None
    if held is not None and (before, held.is_comp) == (version, is_comp):
        return held
    assigned = held or TenantPlan(tenant=tenant, period_anchor_at=now)
    assigned.plan_version, assigned.is_comp, assigned.since = version, is_comp, now
    assigned.allowance_at = now
    assigned.actor, assigned.reason = actor.label[:254], reason
    assigned.save()
    note(actor, tenant, "plan_assigned", reason=f"{version}{': ' if reason else ''}{reason}")
    _changed(
        actor,
        tenant,
        PlanAssigned(
            tenant_id=tenant.id,
            from_plan=before.plan.code if before else "",
            from_version=before.number if before else 0,
            to_plan=version.plan.code,
            to_version=version.number,
            is_comp=is_comp,
        ),
    )
    return assigned


@system_connection()
def plan_assign_missing(*, actor: Actor, plan_version_id: uuid.UUID) -> int:
    """Give the version to the next batch of tenants that have no plan; to how many. Each in its own
    transaction.

    Repeat until it is none. Raises as plan_assign does.
    """
    without = Tenant.objects.filter(assigned_plan=None, purge_started_at=None).order_by("id")
    ids = list(without.values_list("id", flat=True)[:MISSING_BATCH])
    for tenant_id in ids:
        plan_assign(actor=actor, tenant_id=tenant_id, plan_version_id=plan_version_id)
    return len(ids)


@system_connection()
@transaction.atomic
def add_on_set(
    *, actor: Actor, tenant_id: uuid.UUID, add_on_id: uuid.UUID, quantity: int, reason: str = ""
) -> None:
    """How many of an add-on a tenant has; 0: none. Publishes billing.add_on_changed if it differs.

    Raises PermissionDenied, NotFound, InvalidInput (also for fewer than are paid for), Conflict (a retired
    one, more of it).
    """
    require_platform(actor)
    tenant = lock(tenant_id)
    add_on = AddOn.objects.filter(id=add_on_id).first()
    if add_on is None:
        raise NotFound
    if not 0 <= quantity <= MOST_ADD_ONS:
        raise InvalidInput.field("quantity", _("Choose 0 to 1,000."), "out_of_range")
    held = TenantAddOn.objects.filter(tenant=tenant, add_on=add_on).first()
    before = held.quantity if held else 0
    if quantity == before:
        return
    if held is not None and quantity < held.paid_quantity:
        raise InvalidInput.field(
            "quantity",
            _("%s are paid for: change the subscription instead.") % held.paid_quantity,
            "paid_for",
        )
    if add_on.retired_at is not None and quantity > before:
        raise Conflict(_("%s is not sold any more.") % add_on, code="add_on_retired")
    if quantity:
        TenantAddOn.objects.update_or_create(
            tenant=tenant,
            add_on=add_on,
            defaults={"quantity": quantity, "since": held.since if held else timezone.now()},
        )
    elif held is not None:
        held.delete()
    because = f": {reason.strip()}" if reason.strip() else ""
    note(actor, tenant, "add_on_set", reason=f"{add_on} × {quantity}{because}"[:500])
    _changed(
        actor,
        tenant,
        AddOnChanged(
            tenant_id=tenant.id, code=add_on.code, from_quantity=before, to_quantity=quantity
        ),
    )


@system_connection()
@transaction.atomic
def add_ons_follow(*, actor: Actor, tenant_id: uuid.UUID, paid: Mapping[uuid.UUID, int]) -> None:
    """Have as many of each as are paid for (by the add-on's id), besides what staff gave.

    One statement where nothing differs. Publishes billing.add_on_changed for each that does.
    """
    require_platform(actor)
    rows = TenantAddOn.objects.filter(tenant_id=tenant_id).select_related("add_on")
    held = {one.add_on_id: one for one in rows}
    was = {add_on_id: one.paid_quantity for add_on_id, one in held.items()}
    differing = [one for one in {*was, *paid} if was.get(one, 0) != paid.get(one, 0)]
    if not differing:
        return
    tenant = lock(tenant_id)
    for add_on in AddOn.objects.filter(id__in=differing).order_by("position", "code"):
        row = held.get(add_on.id) or TenantAddOn(
            tenant=tenant, add_on=add_on, quantity=0, since=timezone.now()
        )
        before, row.paid_quantity = row.quantity, paid.get(add_on.id, 0)
        row.quantity += row.paid_quantity - was.get(add_on.id, 0)
        if row.quantity:
            row.save()
        else:
            row.delete()
        note(actor, tenant, "add_on_set", reason=f"{add_on} × {row.quantity}: paid for")
        _changed(
            actor,
            tenant,
            AddOnChanged(
                tenant_id=tenant.id,
                code=add_on.code,
                from_quantity=before,
                to_quantity=row.quantity,
            ),
        )


@system_connection()
@transaction.atomic
def override_set(
    *,
    actor: Actor,
    tenant_id: uuid.UUID,
    code: str,
    granted: Granted,
    reason: str,
    expires_at: datetime | None = None,
) -> EntitlementOverride:
    """Let a tenant have something else than its plan and add-ons say, until `expires_at`.

    One for each entitlement: it replaces the one before. Publishes billing.override_set. Raises
    PermissionDenied, NotFound, InvalidInput (unknown code, no such value, no reason, expired already).
    """
    require_platform(actor)
    if problem := value_problem(code, granted):
        raise InvalidInput.field("value", problem)
    reason = reason.strip()
    if not reason or len(reason) > 500:
        raise InvalidInput.field("reason", _("Say why, in at most 500 characters."), "required")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput.field("expires_at", _("Choose a time to come."), "in_the_past")
    tenant = lock(tenant_id)
    override, _is_new = EntitlementOverride.objects.update_or_create(
        tenant=tenant,
        code=code,
        defaults={
            "value": granted.value,
            "is_soft": granted.is_soft,
            "expires_at": expires_at,
            "actor": actor.label[:254],
            "reason": reason,
        },
    )
    note(actor, tenant, "override_set", reason=f"{code} = {_words(granted)}: {reason}")
    _changed(
        actor,
        tenant,
        OverrideSet(
            tenant_id=tenant.id,
            code=code,
            value=granted.value,
            is_soft=granted.is_soft,
            expires_at=expires_at,
        ),
    )
    return override


@system_connection()
@transaction.atomic
def override_withdraw(*, actor: Actor, tenant_id: uuid.UUID, code: str, reason: str) -> None:
    """Let what the plan and the add-ons say hold again. Publishes billing.override_withdrawn.

    Raises PermissionDenied, NotFound, InvalidInput (no reason).
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."), "required")
    tenant = lock(tenant_id)
    if not EntitlementOverride.objects.filter(tenant=tenant, code=code).delete()[0]:
        raise NotFound(_("There is no such exception."))
    note(actor, tenant, "override_withdrawn", reason=f"{code}: {reason.strip()}"[:500])
    _changed(actor, tenant, OverrideWithdrawn(tenant_id=tenant.id, code=code))


def _changed(actor: Actor, tenant: Tenant, event: Event) -> None:
    epochs.change(epoch_of(tenant.id))
    publish(event, actor=actor, tenant_id=tenant.id)
    publish(EntitlementsChanged(tenant_id=tenant.id), actor=actor, tenant_id=tenant.id)


def _words(granted: Granted) -> str:
    number = "unlimited" if granted.value is None else f"{granted.value:,}"
    return f"{number} (soft)" if granted.is_soft else number
