"""One event at one handler: inbox row, effect, commit; or what went wrong, and when to try again.

Guarantees. The effect in the database and the row that says so commit together, so that it happens once
however often a process dies or an entry comes. The events of one aggregate reach a handler in the order of
publishing: one that follows a failed one waits in the database behind it. A dead letter blocks nothing; what
followed it has run by the time somebody replays it.
"""

import random
import traceback
from collections.abc import Callable, Iterable, Sequence
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
from apps.common.origin import Origin, origin_bound
from apps.common.tenancy import (
    TenantGone,
    TenantInMaintenance,
    TenantLoader,
    TenantNotReady,
    TenantNotRunnable,
    TenantRef,
    tenant_context,
    tenant_loader,
)
from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.messages import Message, parse
from apps.events.models import Handling

log = structlog.get_logger(__name__)

DONE = HandlingState.DONE
MAX_ATTEMPTS = 8
MAX_RETRY_DELAY_S = 3600
MAINTENANCE_PAUSE_S = 15
MAX_ERROR_CHARS = 8000

# The rows first, the effect after them: one statement for both questions, was it here and has it to wait.
ENTER = """
INSERT INTO events_handling (id, event_id, handler, ordering_key, position, partition, state, attempts,
    next_attempt_at, last_error, note, done_at)
SELECT e.id, e.event_id, %s, e.ordering_key, e.position, e.partition, s.state,
    CASE s.state WHEN 'done' THEN 1 ELSE 0 END, now(), '', '', CASE s.state WHEN 'done' THEN now() END
FROM (VALUES {rows}) AS e (id, event_id, ordering_key, position, partition),
LATERAL (SELECT CASE WHEN %s OR EXISTS (
    SELECT FROM events_handling w
    WHERE w.handler = %s AND w.ordering_key = e.ordering_key AND w.state = 'pending'
) THEN 'pending' ELSE 'done' END AS state) AS s
ON CONFLICT (event_id, handler) DO NOTHING RETURNING event_id, state
"""
ROW = "(%s::uuid, %s::uuid, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Attempt:
    """messages: of one tenant; one only, unless the handler takes batches. number: 1 the first time.

    tenant: to run in; or why not; None: in none.
    """

    messages: Sequence[Message]
    handler: str
    number: int
    tenant: "TenantRef | Refused | None"


class Refused(Exception):
    """Work may not run in the event's tenant now; the cause says why."""


def handle(messages: Sequence[Message], handler: str) -> list[HandlingState]:
    """Let the handler have events of one tenant; returns the states that those are in which it was given.

    PENDING: it failed. Left out are those that it had before, or that wait now: behind one that failed, or
    for a release that has this handler. One transaction; after a failure one for each, and one to record it.
    """
    tenant_id = messages[0].tenant_id

    def enter() -> Attempt | None:
        subscription = registry.subscriptions().get(handler)
        must_wait = subscription is None
        is_in_tenant = tenant_id is not None and bool(subscription and subscription.tenant_context)
        query = ENTER.format(rows=", ".join([ROW] * len(messages)))
        parameters: list[Any] = [handler]
        for one in messages:
            parameters += [uuid7(), one.id, one.ordering_key, one.position, one.partition]
        parameters += [must_wait, handler]
        with connection.cursor() as cursor:
            if is_in_tenant:
                # In the same message: a round trip less.
                loader = tenant_loader()
                cursor.execute(f"{query}; {loader.query}", [*parameters, tenant_id])
            else:
                cursor.execute(query, parameters)
            entered = {event_id for event_id, state in cursor.fetchall() if state == DONE}
            tenant = None
            if is_in_tenant:
                cursor.nextset()
                tenant = _tenant(loader, messages[0], cursor.fetchone())
        mine = [one for one in messages if one.id in entered]
        return Attempt(mine, handler, 1, tenant) if mine else None

    outcome = _run(enter)
    if isinstance(outcome, Attempt):  # a batch of several failed
        return [state for one in messages for state in handle([one], handler)]
    return outcome


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
            message, tenant = parse(envelope), None
            if message.tenant_id and registry.subscriptions()[handler].tenant_context:
                loader = tenant_loader()
                cursor.execute(loader.query, [message.tenant_id])
                tenant = _tenant(loader, message, cursor.fetchone())
        return Attempt([message], handler, attempts + 1, tenant)

    outcome = _run(claim)
    return outcome[0] if isinstance(outcome, list) and outcome else None


def _tenant(loader: TenantLoader, message: Message, row: Any) -> "TenantRef | Refused":
    assert message.tenant_id is not None  # noqa: S101 - asked before
    try:
        return loader.ref_of(message.tenant_id, row)
    except TenantNotRunnable as error:
        refused = Refused()
        refused.__cause__ = error
        return refused


def retry_delay_s(attempts: int) -> float:
    """Seconds until the next attempt: 1, 4, 16, ... an hour at most, less up to half by chance."""
    return min(4.0 ** (attempts - 1), MAX_RETRY_DELAY_S) * random.uniform(0.5, 1)  # noqa: S311


def _run(begin: Callable[[], Attempt | None]) -> list[HandlingState] | Attempt:
    """States of what was attempted; or the attempt itself, if it was of several and nothing is kept of it."""
    attempt, committed = None, list[bool]()
    with ExitStack() as scope:  # outlasts the commit: hooks see the tenant too
        try:
            with transaction.atomic():
                attempt = begin()
                if attempt is None:
                    return []
                transaction.on_commit(lambda: committed.append(True))
                _call(attempt, scope)
        except Exception as error:
            if attempt is None:
                raise
            if connection.connection is None or connection.connection.closed:
                if connection.in_atomic_block:
                    raise
                connection.close()
            if len(attempt.messages) > 1 and not committed:
                log.warning("events.batch_failed", handler=attempt.handler, error=str(error))
                return attempt
            return [
                _record_failure(one, attempt, error, is_committed=bool(committed))
                for one in attempt.messages
            ]
    return [HandlingState.DONE] * len(attempt.messages)


def _call(attempt: Attempt, scope: ExitStack) -> None:
    subscription = registry.subscriptions()[attempt.handler]
    first = attempt.messages[0]
    bound: dict[str, Any] = {"handler": attempt.handler}
    if len(attempt.messages) == 1:
        bound |= {"event_id": str(first.id), "request_id": first.request_id or None}
        if first.traceparent:
            bound["traceparent"] = first.traceparent
        scope.enter_context(origin_bound(Origin(first.address, first.agent)))
    scope.enter_context(structlog.contextvars.bound_contextvars(**bound))
    if isinstance(attempt.tenant, Refused):
        raise attempt.tenant
    if attempt.tenant:
        scope.enter_context(tenant_context(attempt.tenant))
    given = [
        (registry.deserialize(one.name, one.version, one.payload), _context(one, attempt.number))
        for one in attempt.messages
    ]
    handler: Any = subscription.handler
    if subscription.takes_batches:
        handler(given)
    else:
        [(event, context)] = given
        handler(event, context)
    if connection.needs_rollback:
        # Django would roll back without a word, and the effect were lost.
        raise TransactionManagementError("the handler swallowed a database error")


def _context(message: Message, attempt: int) -> registry.EventContext:
    return registry.EventContext(
        event_id=message.id,
        name=message.name,
        tenant_id=message.tenant_id,
        actor=registry.actor_of(
            message.actor_kind,
            message.actor_label,
            message.actor_person_id,
            message.tenant_id,
            message.impersonator,
        ),
        request_id=message.request_id,
        created_at=message.created_at,
        attempt=attempt,
        address=message.address,
        agent=message.agent,
    )


@system_connection()
@transaction.atomic
def _record_failure(
    message: Message, attempt: Attempt, error: Exception, *, is_committed: bool
) -> HandlingState:
    """Count the attempt and set the time of the next, or make it a dead letter.

    is_committed: the effect is there, but what was left to be done after it failed. A person must know.
    """
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
