"""From stored to effect: the object's present state into dj-stripe's tables, and to our handlers.

Events tell that something changed, in any order and as often as Stripe likes. What it is now is asked of
Stripe, under the lock of the customer: whoever comes later has asked later, so the last word is the newest.
"""

import random
import traceback
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from apps.billing.enums import StripeEventState as S
from apps.billing.errors import StripeUnavailable
from apps.billing.events import StripeEventFailed
from apps.billing.inbox import mirror
from apps.billing.inbox.fetching import Current, current_of
from apps.billing.inbox.lanes import lane_lock
from apps.billing.inbox.registry import StripeChange, handlers_of
from apps.billing.inbox.storing import stored
from apps.billing.models import BillingCustomer, StripeEvent
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.events.services import publish

log = structlog.get_logger(__name__)

ACTOR = Actor.system("billing")
MAX_ATTEMPTS = 10
MAX_RETRY_DELAY_S = 900.0
# Events of one customer that are looked at together: several about one object cost one request to Stripe.
AT_ONCE = 100
MAX_ERROR_CHARS = 8000


def retry_delay_s(attempts: int) -> float:
    """Seconds until the next attempt: 2, 8, 32, 128, 512, then 900, less up to half by chance."""
    return min(2 * 4.0 ** (attempts - 1), MAX_RETRY_DELAY_S) * random.uniform(0.5, 1)  # noqa: S311


@system_connection()
def lane_process(lane: str) -> int:
    """Bring to effect what is due of a lane; returns how many events. 0 as well when somebody else is at it.

    Looks again when the lock is given back: what came meanwhile found it taken, and relied on us.
    Publishes billing.stripe_event_failed for what is given up. Raises what a lost database raises.
    """
    done = 0
    while True:
        with lane_lock(lane) as is_mine:
            while is_mine and (events := list(_due(lane).order_by("id")[:AT_ONCE])):
                done += sum(_attempt(group) for group in _by_object(events))
        if not (is_mine and _due(lane).exists()):
            return done


def _due(lane: str) -> QuerySet[StripeEvent]:
    return StripeEvent.objects.filter(
        lane=lane, state=S.PENDING, next_attempt_at__lte=timezone.now()
    )


def _by_object(events: list[StripeEvent]) -> Iterator[list[StripeEvent]]:
    """Those about the same object together. What has no id is alone."""

    def about(event: StripeEvent) -> tuple[str, str]:
        return event.object_type, event.object_id or event.stripe_id

    for _key, group in groupby(sorted(events, key=about), key=about):
        yield list(group)


def _attempt(events: list[StripeEvent]) -> int:
    """How many took effect. One that is poisoned holds up none of the others: each alone, if need be."""
    events = _begin(events)
    if not events:
        return 0
    try:
        return _take_effect(events)
    except StripeUnavailable as error:
        _failed(events, error)
        return 0
    except Exception as error:
        # Whatever a handler or dj-stripe raises means the same: noted, and tried again.
        if _connection_is_lost():
            raise
        if len(events) == 1:
            _failed(events, error)
            return 0
        log.warning("billing.stripe_events_failed_together", reason=str(error))
    return sum(_alone(event) for event in events)


def _alone(event: StripeEvent) -> int:
    try:
        return _take_effect([event])
    except Exception as error:
        if _connection_is_lost():
            raise
        _failed([event], error)
    return 0


def _connection_is_lost() -> bool:
    """And with it the lock of the lane."""
    return connection.connection is None or bool(connection.connection.closed)


def _begin(events: list[StripeEvent]) -> list[StripeEvent]:
    """Count the attempt before it begins, so that an event that ends its worker is given up like others.

    Until then it is due again, for whoever finds the lock free: after the death of this worker.
    """
    for event in events:
        if event.attempts >= MAX_ATTEMPTS:
            _give_up(event, event.last_error or "Every attempt ended its worker.")
    going = [event for event in events if event.attempts < MAX_ATTEMPTS]
    for event in going:
        event.attempts += 1
    if going:
        delay = timedelta(seconds=retry_delay_s(max(event.attempts for event in going)))
        StripeEvent.objects.filter(id__in=[event.id for event in going]).update(
            attempts=F("attempts") + 1, next_attempt_at=timezone.now() + delay
        )
    return going


def _take_effect(events: list[StripeEvent]) -> int:
    """Ask Stripe first; then one short transaction."""
    current = current_of(events[-1])
    return stored(lambda: _commit(events, current))


def _commit(events: list[StripeEvent], current: Current) -> int:
    """State, effects of the handlers, and the mark that they happened: all or nothing."""
    pending = StripeEvent.objects.filter(id__in=[event.id for event in events], state=S.PENDING)
    locked = set(pending.select_for_update().values_list("id", flat=True))
    rows = [event for event in events if event.id in locked]
    if not rows:
        return 0
    if current.is_gone:
        mirror.mark_deleted(current.object["object"], current.object["id"])
    elif current.is_fetched:
        mirror.store(current.object)
    _tell_handlers(rows, current)
    now = timezone.now()
    StripeEvent.objects.filter(id__in=locked).update(state=S.DONE, processed_at=now, last_error="")
    return len(rows)


def _tell_handlers(rows: list[StripeEvent], current: Current) -> None:
    told = [(row, handlers) for row in rows if (handlers := handlers_of(row.type))]
    if not told:
        return
    customer = rows[0].customer_id
    tenant_id = (
        BillingCustomer.objects.filter(stripe_id=customer)
        .values_list("tenant_id", flat=True)
        .first()
        if customer
        else None
    )
    for row, handlers in told:
        change = StripeChange(
            event_id=row.stripe_id,
            type=row.type,
            occurred_at=row.occurred_at,
            customer_id=customer,
            tenant_id=tenant_id,
            current=current.object if current.is_fetched else row.object,
            is_gone=current.is_gone,
            told=row.object,
            previous=row.previous,
        )
        with structlog.contextvars.bound_contextvars(stripe_event=row.stripe_id):
            for handler in handlers:
                handler(change)
    if connection.needs_rollback:
        # Django would roll back without a word, and the effects were lost.
        raise TransactionManagementError("a handler swallowed a database error")


@transaction.atomic
def _failed(events: list[StripeEvent], error: Exception) -> None:
    """Note why. While Stripe is away the last attempt is never used up."""
    reason = _readable(error)
    is_outage = isinstance(error, StripeUnavailable)
    for event in events:
        if event.attempts >= MAX_ATTEMPTS and not is_outage:
            _give_up(event, reason)
            continue
        left = {"attempts": min(event.attempts, MAX_ATTEMPTS - 1)} if is_outage else {}
        StripeEvent.objects.filter(id=event.id, state=S.PENDING).update(last_error=reason, **left)
        log.warning(
            "billing.stripe_event_attempt_failed",
            stripe_event=event.stripe_id,
            attempt=event.attempts,
            reason=reason[-500:],
        )


@transaction.atomic
def _give_up(event: StripeEvent, reason: str) -> None:
    pending = StripeEvent.objects.filter(id=event.id, state=S.PENDING)
    if not pending.update(state=S.DEAD, last_error=reason):
        return
    log.error("billing.stripe_event_dead", stripe_event=event.stripe_id, reason=reason[-500:])
    publish(
        StripeEventFailed(
            stripe_event_id=event.id,
            stripe_id=event.stripe_id,
            type=event.type,
            attempts=event.attempts,
        ),
        actor=ACTOR,
        tenant_id=None,
    )


def _readable(error: Exception) -> str:
    """What Stripe said, or the end of the traceback; without what a text column cannot hold."""
    if isinstance(error, PlatformError):
        text = f"{type(error).__name__}: {error.detail}"
    else:
        text = "".join(traceback.format_exception(error))[-MAX_ERROR_CHARS:]
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
