"""Celery tasks that were refused because of their tenant: kept, looked at, sent again or discarded."""

import uuid
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, Unavailable
from apps.events.enums import DeadTaskState
from apps.events.models import DeadTask

log = structlog.get_logger(__name__)


def dead_task_record(task: str, args: list[Any], kwargs: dict[str, Any], reason: str) -> None:
    """Called by the task's base in a worker. Arguments are ids, never secrets."""
    context = structlog.contextvars.get_contextvars()
    DeadTask.objects.create(
        task=task,
        args=args,
        kwargs=kwargs,
        tenant_id=_uuid(kwargs.get("tenant_id")),
        reason=reason,
        request_id=str(context.get("request_id") or "")[:128],
    )


def dead_tasks(tenant_id: uuid.UUID | None = None) -> QuerySet[DeadTask]:
    """Those that nobody has dealt with, oldest first. For staff."""
    found = DeadTask.objects.filter(state=DeadTaskState.DEAD).order_by("created_at", "id")
    return found.filter(tenant_id=tenant_id) if tenant_id else found


def dead_task_send(*, actor: Actor, dead_task_id: uuid.UUID) -> None:
    """Put the task into the queue again. It is refused again if nothing changed for its tenant.

    Sent before it is marked: whoever dies in between sends it twice, which tasks bear, and never not at all.
    Raises PermissionDenied, NotFound, Conflict when it is not dead, Unavailable without a broker.
    """
    require_platform(actor)
    found = DeadTask.objects.filter(id=dead_task_id).first()
    if found is None:
        raise NotFound
    if found.state != DeadTaskState.DEAD:
        raise Conflict(_("This task was sent again or discarded already."))
    try:
        current_app.send_task(found.task, args=found.args, kwargs=found.kwargs)
    except OperationalError as error:
        raise Unavailable(_("The queue cannot be reached. Try again in a moment.")) from error
    _leave_dead(dead_task_id, DeadTaskState.SENT, note=f"{actor.label}: sent again")
    log.info("events.dead_task_sent", actor=actor.label, dead_task_id=str(dead_task_id))


def dead_tasks_send(*, actor: Actor, tenant_id: uuid.UUID | None = None) -> int:
    """Send all of them again, or those of one tenant; returns how many. Raises Unavailable half way."""
    require_platform(actor)
    sent = 0
    for dead_task_id in list(dead_tasks(tenant_id).values_list("id", flat=True)):
        try:
            dead_task_send(actor=actor, dead_task_id=dead_task_id)
        except Conflict:
            continue  # somebody else was quicker
        sent += 1
    return sent


@transaction.atomic
def dead_task_discard(*, actor: Actor, dead_task_id: uuid.UUID, reason: str) -> None:
    """Give it up for good; the row keeps who did it and why.

    Raises PermissionDenied, InvalidInput without a reason, NotFound, Conflict when it is not dead.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why this task need not run."), "required")
    if not DeadTask.objects.filter(id=dead_task_id).exists():
        raise NotFound
    note = f"{actor.label}: {reason.strip()}"
    if not _leave_dead(dead_task_id, DeadTaskState.DISCARDED, note=note):
        raise Conflict(_("This task was sent again or discarded already."))
    log.info("events.dead_task_discarded", actor=actor.label, dead_task_id=str(dead_task_id))


def _leave_dead(dead_task_id: uuid.UUID, state: DeadTaskState, *, note: str) -> bool:
    """Claimed by the state that it must be in: of two who act at once, one changes the row."""
    found = DeadTask.objects.filter(id=dead_task_id, state=DeadTaskState.DEAD)
    return bool(found.update(state=state, note=note))


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
