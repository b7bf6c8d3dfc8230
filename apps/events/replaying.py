"""What staff do with dead letters, and handling again what was handled."""

import uuid
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.events import (
    GroupReplayed,
    HandlingDiscarded,
    HandlingReplayed,
    HandlingsReplayed,
)
from apps.events.models import Handling
from apps.events.selectors import dead_letters
from apps.events.services import publish

log = structlog.get_logger(__name__)

EVERY_HANDLER = "*"
AGAIN = """
INSERT INTO events_handling (id, event_id, handler, ordering_key, position, partition, state,
    attempts, next_attempt_at, last_error, note)
SELECT gen_random_uuid(), o.id, h.handler, coalesce(o.tenant_id::text, '') || '/' || o.aggregate_id,
    o.position, o.partition, 'pending', 0, now(), '', %s
FROM events_outboxevent o
JOIN unnest(%s::text[], %s::text[]) AS h (handler, event_name) ON h.event_name = o.name
WHERE o.created_at >= %s AND o.created_at < %s AND o.dispatched_at IS NOT NULL
ON CONFLICT (event_id, handler) DO UPDATE SET
    state = 'pending', attempts = 0, next_attempt_at = now(), last_error = '', note = excluded.note
"""


@transaction.atomic
def handling_replay(*, actor: Actor, handling_id: uuid.UUID) -> None:
    """Let a dead letter be handled again, from its first attempt. It runs after what overtook it.

    Raises PermissionDenied, NotFound, and Conflict when it is not dead. Publishes HandlingReplayed.
    """
    require_platform(actor)
    handler = _leave_dead(handling_id, **_anew())
    publish(HandlingReplayed(handler, handling_id), actor=actor, tenant_id=None)
    log.info("events.handling_replayed", actor=actor.label, handling_id=str(handling_id))


@transaction.atomic
def handlings_replay(
    *, actor: Actor, handler: str | None = None, event_name: str | None = None
) -> int:
    """Replay all dead letters, or those of one handler or event; returns how many.

    Raises PermissionDenied. Publishes HandlingsReplayed, if there were any.
    """
    require_platform(actor)
    found = dead_letters(handler, event_name).order_by()
    count = found.update(**_anew())
    if count:
        happened = HandlingsReplayed(handler or EVERY_HANDLER, count)
        publish(happened, actor=actor, tenant_id=None)
    log.info("events.handlings_replayed", actor=actor.label, replayed_handler=handler, count=count)
    return count


@transaction.atomic
def handling_discard(*, actor: Actor, handling_id: uuid.UUID, reason: str) -> None:
    """Give a dead letter up for good; the row keeps who did it and why.

    Raises PermissionDenied, InvalidInput without a reason, NotFound, Conflict when it is not dead.
    Publishes HandlingDiscarded.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why this event need not be handled."), "required")
    note = f"{actor.label}: {reason.strip()}"
    handler = _leave_dead(handling_id, state=HandlingState.DISCARDED, note=note)
    happened = HandlingDiscarded(handler, handling_id, reason.strip())
    publish(happened, actor=actor, tenant_id=None)
    log.info(
        "events.handling_discarded", actor=actor.label, handling_id=str(handling_id), note=note
    )


@transaction.atomic
def group_replay(*, actor: Actor, group: str, since: datetime, until: datetime) -> int:
    """Let a group's handlers have again what was published in [since, until); returns how many handlings.

    Also what they handled already: for an effect that was lost or wrong. In order per aggregate. Raises
    PermissionDenied, NotFound for a group without handlers, InvalidInput for an empty time. Publishes
    GroupReplayed.
    """
    require_platform(actor)
    handlers = [one for one in registry.subscriptions().values() if one.group == group]
    if not handlers:
        raise NotFound(_("No handler is in this group."))
    if since >= until:
        raise InvalidInput.field("until", _("The end has to be after the beginning."), "invalid")
    with connection.cursor() as cursor:
        cursor.execute(
            AGAIN,
            [
                f"{actor.label}: replayed",
                [one.name for one in handlers],
                [one.event_name for one in handlers],
                since,
                until,
            ],
        )
        count = cursor.rowcount
    publish(GroupReplayed(group, since, until, count), actor=actor, tenant_id=None)
    log.info("events.group_replayed", actor=actor.label, group=group, count=count)
    return count


def _anew() -> dict[str, Any]:
    return {"state": HandlingState.PENDING, "attempts": 0, "next_attempt_at": timezone.now()}


def _leave_dead(handling_id: uuid.UUID, **changes: Any) -> str:
    """Its handler. Claimed by the state that it must be in: of two who act at once, one is told."""
    handler = Handling.objects.filter(id=handling_id).values_list("handler", flat=True).first()
    if handler is None:
        raise NotFound
    if not Handling.objects.filter(id=handling_id, state=HandlingState.DEAD).update(**changes):
        raise Conflict(_("This is not a dead letter (any more)."))
    return handler
