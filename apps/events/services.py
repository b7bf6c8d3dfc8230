"""Publishing, and forgetting what is done with."""

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Literal

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import execute_with_next
from apps.common.ids import uuid7
from apps.common.origin import current_origin
from apps.common.tenancy import current_tenant
from apps.events.enums import DeadTaskState, HandlingState, Scope
from apps.events.errors import InvalidEvent, NotInTransaction
from apps.events.messages import partition_of
from apps.events.models import DeadTask, Handling, OutboxEvent, Partition
from apps.events.registry import Event, serialize

RETENTION_DAYS = 30
PRUNE_BATCH = 1000


COLUMNS = (
    *("id", "name", "version", "scope", "tenant_id", "aggregate_id", "actor_kind", "actor_label"),
    *("actor_person_id", "impersonator_id", "impersonator_label", "request_id", "traceparent"),
    *("address", "agent", "partition", "payload", "created_at"),
)
INSERT = (
    f"INSERT INTO events_outboxevent ({', '.join(COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))})"
)


class _Current(Enum):
    TENANT = "the tenant of the moment"


CURRENT_TENANT: Final = _Current.TENANT


def publish(
    event: Event,
    *,
    actor: Actor,
    tenant_id: uuid.UUID | Literal[_Current.TENANT] | None = CURRENT_TENANT,
) -> uuid.UUID:
    """Store an event in the caller's transaction and return its id. One INSERT, and no round trip.

    tenant_id: whom it belongs to; the current tenant unless given; None for nobody. Publish after
    taking the aggregate's lock: that makes the order of events the order of changes.
    Raises NotInTransaction outside an atomic block, InvalidEvent for a field of the wrong type.
    """
    row = _row(event, actor, tenant_id)
    execute_with_next(INSERT, [row[column] for column in COLUMNS])
    return row["id"]


def publish_many(
    events: Sequence[Event],
    *,
    actor: Actor,
    tenant_id: uuid.UUID | Literal[_Current.TENANT] | None = CURRENT_TENANT,
) -> None:
    """As publish, for many at once, in their order. One INSERT for each thousand."""
    rows = [
        OutboxEvent(**_row(event, actor, tenant_id) | {"payload": serialize(event)})
        for event in events
    ]
    OutboxEvent.objects.bulk_create(rows, batch_size=1000)


def _row(
    event: Event, actor: Actor, tenant_id: uuid.UUID | Literal[_Current.TENANT] | None
) -> dict[str, Any]:
    """Values by column, the payload as text. Raises as publish does."""
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{event.event_name} was published outside a transaction")
    if tenant_id is CURRENT_TENANT:
        current = current_tenant()
        tenant_id = current.id if current else None
    if event.scope is Scope.ORGANIZATION and tenant_id is None:
        raise InvalidEvent(f"{event.event_name} has scope organization and needs a tenant")
    context = structlog.contextvars.get_contextvars()
    origin = current_origin()
    aggregate_id = event.aggregate_id
    return {
        "id": uuid7(),
        "name": event.event_name,
        "version": event.version,
        "scope": event.scope.value,
        "tenant_id": tenant_id,
        "aggregate_id": aggregate_id,
        "actor_kind": actor.kind.value,
        "actor_label": actor.label,
        "actor_person_id": actor.person_id,
        "impersonator_id": actor.impersonator.person_id if actor.impersonator else None,
        "impersonator_label": actor.impersonator.label if actor.impersonator else "",
        "request_id": str(context.get("request_id") or "")[:128],
        "traceparent": context.get("traceparent") or "",
        "address": origin.address,
        "agent": origin.agent,
        "partition": partition_of(tenant_id, aggregate_id),
        "payload": json.dumps(serialize(event)),
        "created_at": timezone.now(),
    }


def events_prune(*, actor: Actor, older_than_days: int = RETENTION_DAYS) -> int:
    """Delete events that every group has taken and every handler is done with; returns how many.

    Dead letters stay, and what a stream may still have to give out.

    Dead tasks that were dealt with go too.

    One transaction for each thousand, so that nothing waits for it.
    """
    require_platform(actor)
    open_handlings = Handling.objects.filter(
        event=OuterRef("id"), state__in=[HandlingState.PENDING, HandlingState.DEAD]
    )
    taken = Partition.objects.filter(
        number=OuterRef("partition"), settled_before__gt=OuterRef("dispatched_at")
    )
    settled = OutboxEvent.objects.filter(
        ~Exists(open_handlings),
        Exists(taken),
        created_at__lt=timezone.now() - timedelta(days=older_than_days),
    ).order_by("created_at")
    DeadTask.objects.exclude(state=DeadTaskState.DEAD).filter(
        created_at__lt=timezone.now() - timedelta(days=older_than_days)
    ).delete()
    removed = 0
    while ids := list(settled.values_list("id", flat=True)[:PRUNE_BATCH]):
        with transaction.atomic():
            Handling.objects.filter(event_id__in=ids).delete()
            OutboxEvent.objects.filter(id__in=ids).delete()
        removed += len(ids)
    return removed
