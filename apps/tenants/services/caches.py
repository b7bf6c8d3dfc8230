"""Caches emptied by hand."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.caching import namespaces
from apps.common.database import system_connection
from apps.common.errors import InvalidInput
from apps.events.services import publish
from apps.tenants.events import CachesCleared
from apps.tenants.services.transitions import lock, note


@system_connection()
@transaction.atomic
def caches_clear(*, actor: Actor, tenant_id: uuid.UUID, namespace: str = "") -> list[str]:
    """Drop what is kept of a tenant in one namespace, or in all; returns their names.

    Locks the tenant. Publishes tenants.caches_cleared. Raises PermissionDenied, NotFound, InvalidInput.
    """
    require_platform(actor)
    tenant = lock(tenant_id)
    known = namespaces()
    if namespace and namespace not in known:
        message = _("There is no cache %(name)s. There are: %(all)s.") % {
            "name": namespace,
            "all": ", ".join(known),
        }
        raise InvalidInput.field("namespace", message)
    chosen = [namespace] if namespace else list(known)
    for name in chosen:
        for scope in known[name].scopes(tenant.id):
            known[name].invalidate(scope=scope)
    note(actor, tenant, "caches_cleared", reason=", ".join(chosen))
    publish(
        CachesCleared(tenant_id=tenant.id, namespaces=" ".join(chosen)),
        actor=actor,
        tenant_id=tenant.id,
    )
    return chosen
