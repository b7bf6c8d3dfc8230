"""Copying a workspace for trials: a sandbox, in which nobody can be recognised."""

import uuid

from django.db import transaction

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.tenants.cloning import check_clonable
from apps.tenants.models import Tenant
from apps.tenants.services.tenants import tenant_create
from apps.tenants.services.transitions import lock, note


@system_connection()
@transaction.atomic
def tenant_clone(
    *, actor: Actor, tenant_id: uuid.UUID, slug: str, name: str, owner_person_id: uuid.UUID
) -> Tenant:
    """Ask for a copy of a tenant with its people masked; a worker provisions it as any other.

    Platform staff and the system only. The rows are those of the moment when the worker copies; the owner is
    the copy's only real member. Locks the source. Publishes tenants.tenant_requested. Raises
    PermissionDenied, NotFound, InvalidInput (as tenant_create), Conflict (not ready, or not current).
    """
    require_platform(actor)
    source = lock(tenant_id)
    check_clonable(source)
    clone = tenant_create(
        actor=actor,
        name=name,
        slug=slug,
        owner_person_id=owner_person_id,
        cloned_from_id=source.id,
    )
    note(actor, source, "copied", reason=f"to {clone.slug}")
    note(actor, clone, "copied", reason=f"from {source.slug}")
    return clone
