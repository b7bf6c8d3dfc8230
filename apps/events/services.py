"""Publishing, and what staff do with dead letters."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Literal

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import current_tenant
from apps.events.enums import DeadTaskState, HandlingState, Scope
from apps.events.errors import InvalidEvent, NotInTransaction
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.events.registry import Event, serialize
from apps.events.selectors import dead_letters

log = structlog.get_logger(__name__)

RETENTION_DAYS = 30
PRUNE_BATCH = 1000


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
    row = _row(event, actor, tenant_id)
    row.save(force_insert=True)
    return row.id


def publish_many(
    events: Sequence[Event],
    *,
    actor: Actor,
    tenant_id: uuid.UUID | Literal[_Current.TENANT] | None = CURRENT_TENANT,
) -> None:
    """As publish, for many at once, in their order. One INSERT for each thousand."""
    rows = [_row(event, actor, tenant_id) for event in events]
    OutboxEvent.objects.bulk_create(rows, batch_size=1000)


def _row(
    event: Event, actor: Actor, tenant_id: uuid.UUID | Literal[_Current.TENANT] | None
) -> OutboxEvent:
    """Unsaved. Raises as publish does."""
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{event.event_name} was published outside a transaction")
    if tenant_id is CURRENT_TENANT:
        current = current_tenant()
        tenant_id = current.id if current else None
    if event.scope is Scope.ORGANIZATION and tenant_id is None:
        raise InvalidEvent(f"{event.event_name} has scope organization and needs a tenant")
    request_id = structlog.contextvars.get_contextvars().get("request_id") or ""
    return OutboxEvent(
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


@transaction.atomic
def handling_replay(*, actor: Actor, handling_id: uuid.UUID) -> None:
    """Let a dead letter be handled again, from its first attempt. It runs after what overtook it.

    Raises PermissionDenied, NotFound, and Conflict when it is not dead.
    """
    require_platform(actor)
    _leave_dead(handling_id, **_anew())
    log.info("events.handling_replayed", actor=actor.label, handling_id=str(handling_id))


@transaction.atomic
def handlings_replay(*, actor: Actor, handler: str | None = None) -> int:
    """Replay all dead letters, or those of one handler; returns how many.

    Raises PermissionDenied.
    """
    require_platform(actor)
    count = dead_letters(handler).order_by().update(**_anew())
    log.info("events.handlings_replayed", actor=actor.label, replayed_handler=handler, count=count)
    return count


@transaction.atomic
def handling_discard(*, actor: Actor, handling_id: uuid.UUID, reason: str) -> None:
    """Give a dead letter up for good; the row keeps who did it and why.

    Raises PermissionDenied, InvalidInput without a reason, NotFound, Conflict when it is not dead.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why this event need not be handled."), "required")
    note = f"{actor.label}: {reason.strip()}"
    _leave_dead(handling_id, state=HandlingState.DISCARDED, note=note)
    log.info(
        "events.handling_discarded", actor=actor.label, handling_id=str(handling_id), note=note
    )


def events_prune(*, actor: Actor, older_than_days: int = RETENTION_DAYS) -> int:
    """Delete events that every handler is done with; returns how many. Dead letters stay.

    Dead tasks that were dealt with go too.

    One transaction for each thousand, so that nothing waits for it.
    """
    require_platform(actor)
    open_handlings = Handling.objects.filter(
        event=OuterRef("id"), state__in=[HandlingState.PENDING, HandlingState.DEAD]
    )
    settled = OutboxEvent.objects.filter(
        ~Exists(open_handlings),
        dispatched_at__isnull=False,
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


def _anew() -> dict[str, Any]:
    return {"state": HandlingState.PENDING, "attempts": 0, "next_attempt_at": timezone.now()}


def _leave_dead(handling_id: uuid.UUID, **changes: Any) -> None:
    """Claim by the state that it must be in: of two who act at once, one is told."""
    if Handling.objects.filter(id=handling_id, state=HandlingState.DEAD).update(**changes):
        return
    if Handling.objects.filter(id=handling_id).exists():
        raise Conflict(_("This is not a dead letter (any more)."))
    raise NotFound
