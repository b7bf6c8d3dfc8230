"""From the outbox to the handlers: fan out, claim, run, record. Any number may drain at once.

Guarantees. An event whose transaction committed reaches every handler that was subscribed when it
was fanned out. A handler's effect in the database and its mark commit together, so that it happens
once however often a process dies. The events of one aggregate reach a handler in the order of
publishing: a handling waits while an earlier one of the same handler and aggregate is pending. A
dead letter blocks nothing; what followed it has run by the time somebody replays it.
"""

import json
import random
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from apps.common.database import system_connection
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
from apps.events.models import Handling, OutboxEvent
from apps.events.selectors import known_events

log = structlog.get_logger(__name__)

FAN_OUT_LOCK = 0x6F7574626F78  # advisory lock; spells outbox
FAN_OUT_BATCH = 500
HANDLE_BATCH = 100
MAX_ATTEMPTS = 8
MAX_RETRY_DELAY_S = 3600
MAINTENANCE_PAUSE_S = 15
MAX_ERROR_CHARS = 8000


@dataclass(slots=True)
class Drained:
    """What a drain did. failed: attempts that will be repeated."""

    dispatched: int = 0
    done: int = 0
    failed: int = 0
    dead: int = 0


def drain_once(should_stop: Callable[[], bool] = lambda: False) -> Drained:
    """Fan out and handle until nothing is due, including what handlers publish meanwhile.

    Synchronous, for the relay and for tests. Retries whose time has not come stay for later.
    """
    drained = Drained()
    with tenant_context(None), system_connection():
        while not should_stop():
            # A long backlog leads through many tenants.
            connection.close_if_unusable_or_obsolete()
            dispatched = fan_out()
            drained.dispatched += dispatched
            handled = 0
            while handled < HANDLE_BATCH and not should_stop():
                state = handle_next()
                if state is None:
                    break
                handled += 1
                match state:
                    case HandlingState.DONE:
                        drained.done += 1
                    case HandlingState.DEAD:
                        drained.dead += 1
                    case _:
                        drained.failed += 1
            if not dispatched and not handled:
                break
    return drained


def fan_out() -> int:
    """Give the oldest waiting events one handling per subscriber; returns how many events.

    Finds rows by what they lack, never by a position passed: a transaction that commits late is
    not skipped. The lock lets one drain fan out at a time: with two, the one that commits first
    could offer an aggregate's second event before its first. Events of a type or version that this
    release does not declare stay, for the release that published them.
    """
    subscribers: dict[str, list[str]] = {}
    for subscription in registry.subscriptions().values():
        subscribers.setdefault(subscription.event_name, []).append(subscription.name)
    waiting = OutboxEvent.objects.filter(known_events(), dispatched_at=None)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FAN_OUT_LOCK])
        batch = list(
            waiting.only("id", "name", "tenant_id", "aggregate_id", "position").order_by(
                "position"
            )[:FAN_OUT_BATCH]
        )
        now = timezone.now()
        Handling.objects.bulk_create(
            (
                Handling(
                    event=row,
                    handler=handler,
                    ordering_key=f"{row.tenant_id or ''}/{row.aggregate_id}",
                    position=row.position,
                    next_attempt_at=now,
                )
                for row in batch
                for handler in subscribers.get(row.name, ())
            ),
            ignore_conflicts=True,  # an operator who dispatches an event anew adds what is missing
        )
        OutboxEvent.objects.filter(id__in=[row.id for row in batch]).update(dispatched_at=now)
    return len(batch)


def handle_next() -> HandlingState | None:
    """Run one due handling; returns the state it is in then, or None when nothing is due.

    Claim, effect and mark are one transaction, the handler a savepoint in it.
    """
    handling = None
    with ExitStack() as scope:
        try:
            with transaction.atomic():
                handling = _claim()
                return _attempt(handling, scope) if handling else None
        except Exception as error:
            if handling is None or connection.in_atomic_block:
                raise
            log.exception("events.commit_failed", handler=handling.handler)
            if _connection_lost():
                connection.close()
            return _record_lost_attempt(handling, error)


def _claim() -> Handling | None:
    """The next due handling, locked, with its event. Of handlers that this release has.

    One statement (migration 0002); the same cost with any backlog.
    """
    parameters: list[Any] = [list(registry.subscriptions()), timezone.now()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM events_handling_claim(%s, %s)", parameters)
        row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip((column.name for column in cursor.description), row, strict=True))
    handling = Handling(
        id=values.pop("handling_id"), handler=values.pop("handler"), attempts=values.pop("attempts")
    )
    payload = json.loads(values.pop("payload"))
    handling.event = OutboxEvent(id=values.pop("event_id"), payload=payload, **values)
    return handling


def _attempt(handling: Handling, scope: ExitStack) -> HandlingState:
    """Run the handler in its tenant. `scope` outlasts the commit: hooks see the tenant too."""
    row = handling.event
    subscription = registry.subscriptions()[handling.handler]
    scope.enter_context(
        structlog.contextvars.bound_contextvars(
            request_id=row.request_id or None, event_id=str(row.id), handler=handling.handler
        )
    )
    if row.tenant_id and subscription.tenant_context:
        try:
            scope.enter_context(tenant_context(runnable_tenant(row.tenant_id)))
        except TenantInMaintenance:
            return _postpone(handling)
        except TenantGone as error:
            # Nobody could ever replay it, and what it tells of a deleted tenant is to go with the others.
            return _mark(handling, state=HandlingState.DISCARDED, note=f"system:events: {error}")
        except TenantNotReady as error:
            return _record_failure(handling, str(error))
        except TenantNotRunnable as error:
            return _record_failure(handling, str(error), final=True)
    try:
        with transaction.atomic():
            _call(subscription, handling)
    except Exception as error:
        if _connection_lost():
            raise
        log.warning("events.handler_failed", attempt=handling.attempts + 1, exc_info=True)
        return _record_failure(handling, _readable(error))
    return _mark(
        handling,
        state=HandlingState.DONE,
        attempts=handling.attempts + 1,
        done_at=timezone.now(),
    )


def _call(subscription: registry.Subscription, handling: Handling) -> None:
    row = handling.event
    context = registry.EventContext(
        event_id=row.id,
        name=row.name,
        tenant_id=row.tenant_id,
        actor=registry.actor_of(
            row.actor_kind, row.actor_label, row.actor_person_id, row.tenant_id
        ),
        request_id=row.request_id,
        created_at=row.created_at,
        attempt=handling.attempts + 1,
    )
    subscription.handler(registry.deserialize(row.name, row.version, row.payload), context)
    if connection.needs_rollback:
        # Django would roll the savepoint back without a word, and the effect were lost.
        raise TransactionManagementError("the handler swallowed a database error")


def _postpone(handling: Handling) -> HandlingState:
    """Look again soon; waiting for a tenant's maintenance to end is no failed attempt."""
    later = timezone.now() + timedelta(seconds=MAINTENANCE_PAUSE_S)
    return _mark(handling, state=HandlingState.PENDING, next_attempt_at=later)


def _record_failure(handling: Handling, error: str, *, final: bool = False) -> HandlingState:
    """Count the attempt and set the time of the next, or make it a dead letter."""
    attempts = handling.attempts + 1
    dead = final or attempts >= MAX_ATTEMPTS
    if dead:
        log.error("events.dead_letter", handling_id=str(handling.id), reason=error[-500:])
    return _mark(
        handling,
        state=HandlingState.DEAD if dead else HandlingState.PENDING,
        attempts=attempts,
        last_error=error,
        next_attempt_at=timezone.now() + timedelta(seconds=retry_delay_s(attempts)),
    )


@system_connection()
def _mark(handling: Handling, *, state: HandlingState, **changes: Any) -> HandlingState:
    Handling.objects.filter(id=handling.id).update(state=state, **changes)
    return state


@system_connection()
def _record_lost_attempt(handling: Handling, error: Exception) -> HandlingState:
    """What went wrong at or after the commit, written in a transaction of its own."""
    with transaction.atomic():
        current = Handling.objects.select_for_update().get(id=handling.id)
        if current.state == HandlingState.PENDING:
            return _record_failure(current, _readable(error))
        # Committed, but what it left to be done after the commit failed: a person must know.
        return _record_failure(current, f"After the commit:\n{_readable(error)}", final=True)


def retry_delay_s(attempts: int) -> float:
    """Seconds until the next attempt: 1, 4, 16, ... an hour at most, less up to half by chance."""
    return min(4.0 ** (attempts - 1), MAX_RETRY_DELAY_S) * random.uniform(0.5, 1)  # noqa: S311


def _connection_lost() -> bool:
    return connection.connection is None or connection.connection.closed


def _readable(error: Exception) -> str:
    """The end of the traceback, without what a text column cannot hold."""
    text = "".join(traceback.format_exception(error))[-MAX_ERROR_CHARS:].replace("\0", "")
    return text.encode("utf-8", "backslashreplace").decode()
