"""Which sites may call a workspace's API from a browser."""

import uuid

from django.db import transaction

from apps.common.actors import Actor
from apps.events.services import publish
from apps.tenants.events import AllowedOriginsChanged
from apps.tenants.models import Tenant
from apps.tenants.origins import origins_normalize
from apps.tenants.services.addresses import authorize_domains
from apps.tenants.services.transitions import lock, note


@transaction.atomic
def allowed_origins_set(*, actor: Actor, tenant_id: uuid.UUID, origins: list[str]) -> Tenant:
    """Replace the list of origins, such as https://app.example.com, whose pages may call the API.

    Locks the tenant. Publishes tenants.allowed_origins_changed if it differs. Raises PermissionDenied,
    NotFound, InvalidInput (not an origin that can be allowed; more than MAX_ORIGINS).
    """
    authorize_domains(actor, tenant_id)
    wanted = origins_normalize(origins)
    tenant = lock(tenant_id)
    before = tenant.allowed_origins
    if wanted == before:
        return tenant
    tenant.allowed_origins = wanted
    tenant.save(update_fields=["allowed_origins", "updated_at"])
    added = " ".join(one for one in wanted if one not in before)
    removed = " ".join(one for one in before if one not in wanted)
    note(actor, tenant, "origins_changed", reason=", ".join(wanted))
    publish(
        AllowedOriginsChanged(tenant_id=tenant.id, added=added, removed=removed),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant
