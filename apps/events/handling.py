"""One event at one handler: inbox row, effect, commit; or what went wrong, and when to try again.

Guarantees. The effect in the database and the row that says so commit together, so that it happens once
however often a process dies or an entry comes. The events of one aggregate reach a handler in the order of
publishing: one that follows a failed one waits in the database behind it. A dead letter blocks nothing; what
followed it has run by the time somebody replays it.
"""

import random
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from apps.common.database import system_connection
from apps.common.ids import uuid7
from apps.common.tenancy import (
    TenantGone,
    TenantInMaintenance,
    TenantNotReady,
    TenantNotRunnable,
    runnable_tenant,
    tenant_context,
)
from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.messages import Message, parse
from apps.events.models import Handling

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
MAX_RETRY_DELAY_S = 3600
MAINTENANCE_PAUSE_S = 15
MAX_ERROR_CHARS = 8000

# The row first, the effect after it: one statement for both questions, was it here and does it have to wait.
ENTER = """
INSERT INTO events_handling (id, event_id, handler, ordering_key, position, partition, state, attempts,
    next_attempt_at, last_error, note, done_at)
SELECT %s, %s, %s, %s, %s, %s, s.state, CASE s.state WHEN 'done' THEN 1 ELSE 0 END, now(), '', '',
    CASE s.state WHEN 'done' THEN now() END
FROM (SELECT CASE WHEN %s OR EXISTS (
    SELECT FROM events_handling w WHERE w.handler = %s AND w.ordering_key = %s AND w.state = 'pending'
) THEN 'pending' ELSE 'done' END AS state) AS s
ON CONFLICT (event_id, handler) DO NOTHING RETURNING state
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """number: 1 the first time."""

    message: Message
    handler: str
    number: int


class Refused(Exception):
    """Work may not run in the event's tenant now; the cause says why."""


def handle(message: Message, handler: str) -> HandlingState | None:
    """Let the handler have the event; returns the state that it is in then, PENDING if it failed.

    None: it had it before; or the event waits now, behind one that failed, or for a release that has this
    handler. One transaction, and another one after a failure.
    """
    must_wait = handler not in registry.subscriptions()

    def enter() -> Attempt | None:
        with connection.cursor() as cursor:
            cursor.execute(
                ENTER,
                [
                    *(uuid7(), message.id, handler),
                    *(message.ordering_key, message.position, message.partition),
                    *(must_wait, handler, message.ordering_key),
                ],
            )
            row = cursor.fetchone()
        return Attempt(message, handler, 1) if row == (HandlingState.DONE,) else None

    return _run(enter)


def retry_next(partitions: Iterable[int], handlers: Iterable[str]) -> HandlingState | None:
    """Run one handling that is due; returns the state that it is in then, None when none is.

    The earliest of its handler and aggregate only; one that another process has is passed by.
    """
    given: list[Any] = [list(handlers), list(partitions), timezone.now()]

    def claim() -> Attempt | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM events_handling_due(%s, %s, %s)", given)
            row = cursor.fetchone()
            if row is None:
                return None
            handling_id, handler, attempts, envelope = row
            cursor.execute(
                "UPDATE events_handling SET state = 'done', attempts = %s, done_at = now() "
                "WHERE id = %s",
                [attempts + 1, handling_id],
            )
        return Attempt(parse(envelope), handler, attempts + 1)

    return _run(claim)


def retry_delay_s(attempts: int) -> float:
    """Seconds until the next attempt: 1, 4, 16, ... an hour at most, less up to half by chance."""
    return min(4.0 ** (attempts - 1), MAX_RETRY_DELAY_S) * random.uniform(0.5, 1)  # noqa: S311


def _run(begin: Callable[[], Attempt | None]) -> HandlingState | None:
    attempt, committed = None, list[bool]()
    with ExitStack() as scope:  # outlasts the commit: hooks see the tenant too
        try:
            with transaction.atomic():
                attempt = begin()
                if attempt is None:
                    return None
                transaction.on_commit(lambda: committed.append(True))
                _call(attempt, scope)
        except Exception as error:
            if attempt is None:
                raise
            if connection.connection is None or connection.connection.closed:
                if connection.in_atomic_block:
                    raise
                connection.close()
            return _record_failure(attempt, error, is_committed=bool(committed))
    return HandlingState.DONE


def _call(attempt: Attempt, scope: ExitStack) -> None:
    message = attempt.message
    subscription = registry.subscriptions()[attempt.handler]
    scope.enter_context(
        structlog.contextvars.bound_contextvars(
            request_id=message.request_id or None,
            traceparent=message.traceparent or None,
            event_id=str(message.id),
            handler=attempt.handler,
        )
    )
    if message.tenant_id and subscription.tenant_context:
        try:
            scope.enter_context(tenant_context(runnable_tenant(message.tenant_id)))
        except TenantNotRunnable as error:
            raise Refused from error
    context = registry.EventContext(
        event_id=message.id,
        name=message.name,
        tenant_id=message.tenant_id,
        actor=registry.actor_of(
            message.actor_kind, message.actor_label, message.actor_person_id, message.tenant_id
        ),
        request_id=message.request_id,
        created_at=message.created_at,
        attempt=attempt.number,
    )
    event = registry.deserialize(message.name, message.version, message.payload)
    subscription.handler(event, context)
    if connection.needs_rollback:
        # Django would roll back without a word, and the effect were lost.
        raise TransactionManagementError("the handler swallowed a database error")


@system_connection()
@transaction.atomic
def _record_failure(attempt: Attempt, error: Exception, *, is_committed: bool) -> HandlingState:
    """Count the attempt and set the time of the next, or make it a dead letter.

    is_committed: the effect is there, but what was left to be done after it failed. A person must know.
    """
    message = attempt.message
    row = Handling.objects.select_for_update().filter(
        event_id=message.id, handler=attempt.handler
    ).first() or Handling(
        event_id=message.id,
        handler=attempt.handler,
        ordering_key=message.ordering_key,
        position=message.position,
        partition=message.partition,
    )
    refusal = error.__cause__ if isinstance(error, Refused) else None
    if isinstance(refusal, TenantGone):
        # Nobody could ever replay it, and what it tells of a deleted tenant is to go with the others.
        log.info("events.tenant_gone", handler=attempt.handler, reason=str(refusal))
        row.state, row.note = HandlingState.DISCARDED, f"system:events: {refusal}"
        if not row._state.adding:
            row.save()
        return HandlingState.DISCARDED
    if isinstance(refusal, TenantInMaintenance):
        # Waiting for the end of that is no failed attempt.
        row.state, row.attempts = HandlingState.PENDING, attempt.number - 1
        row.next_attempt_at = timezone.now() + timedelta(seconds=MAINTENANCE_PAUSE_S)
        row.save()
        return HandlingState.PENDING
    is_final = is_committed or (refusal is not None and not isinstance(refusal, TenantNotReady))
    text = str(refusal) if refusal else _readable(error)
    row.attempts = attempt.number
    row.last_error = f"After the commit:\n{text}" if is_committed else text
    row.next_attempt_at = timezone.now() + timedelta(seconds=retry_delay_s(attempt.number))
    row.done_at = None
    if is_final or attempt.number >= MAX_ATTEMPTS:
        row.state = HandlingState.DEAD
        log.error("events.dead_letter", handling_id=str(row.id), reason=row.last_error[-500:])
    else:
        row.state = HandlingState.PENDING
        log.warning("events.handler_failed", attempt=attempt.number, reason=text[-500:])
    row.save()
    return HandlingState(row.state)


def _readable(error: Exception) -> str:
    """The end of the traceback, without what a text column cannot hold."""
    text = "".join(traceback.format_exception(error))[-MAX_ERROR_CHARS:].replace("\0", "")
    return text.encode("utf-8", "backslashreplace").decode()
