"""Publishing, and what staff do with dead letters."""

import uuid
from enum import Enum
from typing import Final, Literal

import structlog
from django.db import transaction

from apps.common.actors import Actor
from apps.common.tenancy import current_tenant
from apps.events.enums import Scope
from apps.events.errors import InvalidEvent, NotInTransaction
from apps.events.models import OutboxEvent
from apps.events.registry import Event, serialize


class _Current(Enum):
    TENANT = "the tenant of the moment"


CURRENT_TENANT: Final = _Current.TENANT


def publish(
    event: Event,
    *,
    actor: Actor,
    tenant_id: uuid.UUID | Literal[_Current.TENANT] | None = CURRENT_TENANT,
) -> uuid.UUID:
    """Store an event in the caller's transaction and return its id. One INSERT.

    tenant_id: whom it belongs to; the current tenant unless given; None for nobody. Publish after
    taking the aggregate's lock: that makes the order of events the order of changes.
    Raises NotInTransaction outside an atomic block, InvalidEvent for a field of the wrong type.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{event.event_name} was published outside a transaction")
    if tenant_id is CURRENT_TENANT:
        current = current_tenant()
        tenant_id = current.id if current else None
    if event.scope is Scope.ORGANIZATION and tenant_id is None:
        raise InvalidEvent(f"{event.event_name} has scope organization and needs a tenant")
    request_id = structlog.contextvars.get_contextvars().get("request_id") or ""
    row = OutboxEvent.objects.create(
        name=event.event_name,
        version=event.version,
        scope=event.scope,
        tenant_id=tenant_id,
        aggregate_id=event.aggregate_id,
        actor_kind=actor.kind,
        actor_label=actor.label,
        actor_person_id=actor.person_id,
        request_id=str(request_id)[:128],
        payload=serialize(event),
    )
    return row.id
