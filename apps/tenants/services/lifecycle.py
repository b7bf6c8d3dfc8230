"""Closing, opening and deleting workspaces: acts of the platform's staff."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput
from apps.events.services import publish
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import TenantRequested
from apps.tenants.models import Tenant
from apps.tenants.services.transitions import lock, note, transition


@system_connection()
@transaction.atomic
def tenant_suspend(*, actor: Actor, tenant_id: uuid.UUID, reason: str) -> Tenant:
    """Close the workspace to everybody; data stays. Takes effect on the next request."""
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why: members and staff will ask."), "required")
    return transition(
        actor, lock(tenant_id), S.SUSPENDED, action="suspended", reason=reason.strip()
    )


@system_connection()
@transaction.atomic
def tenant_resume(*, actor: Actor, tenant_id: uuid.UUID, reason: str = "") -> Tenant:
    """Open a suspended or archived workspace again, or call a deletion off before it is due."""
    require_platform(actor)
    tenant = lock(tenant_id)
    if tenant.ready_at is None:
        raise Conflict(_("This workspace was never ready. Retry its provisioning instead."))
    if tenant.purge_started_at is not None:
        raise Conflict(
            _("The deletion has begun: parts of this workspace are gone for good."),
            code="purge_started",
        )
    return transition(actor, tenant, S.READY, action="resumed", reason=reason, delete_after=None)


@system_connection()
@transaction.atomic
def tenant_retry(*, actor: Actor, tenant_id: uuid.UUID) -> Tenant:
    """Provision a failed workspace again, from the step that failed."""
    require_platform(actor)
    tenant = transition(
        actor, lock(tenant_id), S.PENDING, action="retried", attempts=0, next_attempt_at=None
    )
    publish(
        TenantRequested(
            tenant_id=tenant.id, slug=tenant.slug, owner_person_id=tenant.owner_person_id
        ),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


@system_connection()
@transaction.atomic
def tenant_mark_canary(*, actor: Actor, tenant_id: uuid.UUID, is_canary: bool) -> Tenant:
    """Whether the workspace is migrated before the others at a release. Raises PermissionDenied, NotFound."""
    require_platform(actor)
    tenant = lock(tenant_id)
    if tenant.is_canary != is_canary:
        tenant.is_canary = is_canary
        tenant.save(update_fields=["is_canary", "updated_at"])
        note(actor, tenant, "marked_as_canary" if is_canary else "unmarked_as_canary")
    return tenant


@system_connection()
@transaction.atomic
def tenant_delete(
    *, actor: Actor, tenant_id: uuid.UUID, reason: str, grace_days: int | None = None
) -> Tenant:
    """Close the workspace now and delete it for good when the grace period is over.

    grace_days: default TENANT_DELETE_GRACE_DAYS; 0 means at the next sweep (about a minute).
    tenant_resume calls it off until then.
    """
    require_platform(actor)
    days = settings.TENANT_DELETE_GRACE_DAYS if grace_days is None else grace_days
    return transition(
        actor,
        lock(tenant_id),
        S.DELETING,
        action="deletion_requested",
        reason=reason,
        delete_after=timezone.now() + timedelta(days=days),
        next_attempt_at=None,
    )
