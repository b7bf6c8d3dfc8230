"""What every write on a tenant shares: the lock of its row, its states, its history."""

import uuid
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound
from apps.common.live import judge_again
from apps.events.services import publish
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import TenantStatusChanged
from apps.tenants.live import tell_provisioning
from apps.tenants.models import Tenant, TenantEvent

TRANSITIONS: dict[S, frozenset[S]] = {
    S.PENDING: frozenset({S.PROVISIONING, S.FAILED, S.DELETING}),
    S.PROVISIONING: frozenset({S.READY, S.FAILED}),
    S.READY: frozenset({S.SUSPENDED, S.ARCHIVED, S.DELETING}),
    S.SUSPENDED: frozenset({S.READY, S.ARCHIVED, S.DELETING}),
    S.ARCHIVED: frozenset({S.READY, S.DELETING}),
    S.FAILED: frozenset({S.PENDING, S.DELETING}),
    S.DELETING: frozenset({S.READY, S.FAILED}),
}


def transition(
    actor: Actor, tenant: Tenant, to: S, *, action: str, reason: str = "", **fields: object
) -> Tenant:
    """Move a locked tenant to another state, note it and publish. Raises Conflict if it can't."""
    before = S(tenant.status)
    if to not in TRANSITIONS[before]:
        raise Conflict(
            _("The workspace is %(before)s; it cannot become %(to)s from there.")
            % {"before": before.label.lower(), "to": to.label.lower()},
            code="tenant_state",
        )
    tenant.status, tenant.status_reason = to, reason[:500]
    for name, value in fields.items():
        setattr(tenant, name, value)
    tenant.save(update_fields=["status", "status_reason", "updated_at", *fields])
    note(actor, tenant, action, from_status=before, reason=reason)
    publish(
        TenantStatusChanged(
            tenant_id=tenant.id, slug=tenant.slug, from_status=before, to_status=to, reason=reason
        ),
        actor=actor,
        tenant_id=tenant.id,
    )
    tell_provisioning(tenant)
    # Who listens in a workspace that is closed now, does so no longer.
    transaction.on_commit(partial(judge_again, tenant_id=tenant.id), robust=True)
    return tenant


def lock(tenant_id: uuid.UUID) -> Tenant:
    """The tenant, its row locked. Raises NotFound."""
    tenant = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None:
        raise NotFound
    return tenant


def note(
    actor: Actor, tenant: Tenant, action: str, *, reason: str = "", from_status: str | None = None
) -> None:
    """An entry of the tenant's history. from_status: the present one unless given."""
    TenantEvent.objects.create(
        tenant=tenant,
        action=action,
        from_status=tenant.status if from_status is None else from_status,
        to_status=tenant.status,
        actor=actor.label[:254],
        reason=reason,
        is_internal=actor.is_platform,
    )
