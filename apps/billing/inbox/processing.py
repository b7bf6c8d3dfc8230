"""From stored to effect: the object's present state into dj-stripe's tables, and to our handlers.

Events tell that something changed, in any order and as often as Stripe likes. What it is now is asked of
Stripe, under the lock of the customer: whoever comes later has asked later, so the last word is the newest.
"""

import random
import traceback
import uuid
from datetime import timedelta
from itertools import groupby

import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from apps.billing.customers import billing_customer_follow
from apps.billing.enums import StripeEventState as S
from apps.billing.errors import StripeUnavailable
from apps.billing.events import StripeEventFailed
from apps.billing.inbox import mirror
from apps.billing.inbox.fetching import Current, current_of
from apps.billing.inbox.lanes import lane_lock
from apps.billing.inbox.registry import Handler, StripeChange, handlers_of
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
# Objects of one customer in one transaction. What dj-stripe wants begins it anew, for all of them.
TOGETHER = 10
MAX_ERROR_CHARS = 8000

# Events about one object, and what that is now.
Group = tuple[list[StripeEvent], Current]


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
            if is_mine:
                done += _process(list(_due(lane).order_by("id")[:AT_ONCE]))
        if not (is_mine and _due(lane).exists()):
            return done


def _due(lane: str) -> QuerySet[StripeEvent]:
    return StripeEvent.objects.filter(
        lane=lane, state=S.PENDING, next_attempt_at__lte=timezone.now()
    )


def _process(events: list[StripeEvent]) -> int:
    """What is tried for the first time together; what was tried before object by object.

    So one that ends its worker every time takes no other object's attempts along.
    """
    fresh = _by_object([event for event in events if not event.attempts])
    retried = _by_object([event for event in events if event.attempts])
    batches = [fresh[start : start + TOGETHER] for start in range(0, len(fresh), TOGETHER)]
    return sum(_attempt(groups) for groups in (*batches, *([group] for group in retried)))


def _by_object(events: list[StripeEvent]) -> list[list[StripeEvent]]:
    """Those about the same object together. What has no id is alone."""

    def about(event: StripeEvent) -> tuple[str, str]:
        return event.object_type, event.object_id or event.stripe_id

    return [list(group) for _key, group in groupby(sorted(events, key=about), key=about)]


def _attempt(groups: list[list[StripeEvent]]) -> int:
    """How many took effect. Stripe is asked first, for each object; what it does not tell holds up none."""
    begun = {event.id for event in _begin([event for group in groups for event in group])}
    going = [left for group in groups if (left := [one for one in group if one.id in begun])]
    fetched: list[Group] = []
    for events in going:
        try:
            fetched.append((events, current_of(events[-1])))
        except Exception as error:
            if _connection_is_lost():
                raise
            _failed(events, error)
    return _take_effect(fetched) if fetched else 0


def _take_effect(groups: list[Group]) -> int:
    """Together; where that fails each object, and then each event: one that is poisoned holds up no other."""
    try:
        return _committed(groups)
    except Exception as error:
        # Whatever a handler or dj-stripe raises means the same: noted, and tried again.
        if _connection_is_lost():
            raise
        parts = _parts(groups)
        is_outage = isinstance(error, StripeUnavailable)
        if len(parts) == 1 or (is_outage and len(groups) == 1):
            _failed(groups[0][0], error)
            return 0
        log.warning("billing.stripe_events_failed_together", reason=str(error))
    return sum(_take_effect([part]) for part in parts)


def _parts(groups: list[Group]) -> list[Group]:
    if len(groups) > 1:
        return groups
    [(events, current)] = groups
    return [([event], current) for event in events]


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


def _committed(groups: list[Group]) -> int:
    """One short transaction, begun anew, after Stripe was asked, whenever dj-stripe wants to know more."""
    answers = dict(answer for _events, current in groups for answer in current.answers.items())
    return stored(lambda: _commit(groups), answers)


def _commit(groups: list[Group]) -> int:
    """State, effects of the handlers, and the mark that they happened: all or nothing."""
    ids = [event.id for events, _current in groups for event in events]
    pending = StripeEvent.objects.filter(id__in=ids, state=S.PENDING)
    locked = set(pending.select_for_update().values_list("id", flat=True))
    going = [([event for event in events if event.id in locked], now) for events, now in groups]
    going = [(rows, current) for rows, current in going if rows]
    # All copies first: what dj-stripe wants begins anew before any handler was told.
    for _rows, current in going:
        if current.is_gone:
            mirror.mark_deleted(current.object["object"], current.object["id"])
        elif current.is_fetched:
            mirror.store(current.object)
    told = [
        (row, handlers, current)
        for rows, current in going
        for row in rows
        if (handlers := handlers_of(row.type))
    ]
    if told:
        _tell_handlers(told)
    now = timezone.now()
    StripeEvent.objects.filter(id__in=locked).update(state=S.DONE, processed_at=now, last_error="")
    return len(locked)


def _tell_handlers(told: list[tuple[StripeEvent, list[Handler], Current]]) -> None:
    """Of one lane, and so of one customer."""
    customer = told[0][0].customer_id
    tenant_id = _tenant_of(customer) if customer else None
    for row, handlers, current in told:
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


def _tenant_of(customer_id: str) -> uuid.UUID | None:
    """Whose customer it is. One that was never linked, because whoever made it died before Stripe answered,
    is linked now, by its copy: what else is told of it may come before it is told of itself.
    """
    linked = BillingCustomer.objects.filter(stripe_id=customer_id)
    tenant_id = linked.values_list("tenant_id", flat=True).first()
    if tenant_id is None and (copy := mirror.copy_of("customer", customer_id)) is not None:
        row = billing_customer_follow(actor=ACTOR, found=copy)
        return row.tenant_id if row is not None else None
    return tenant_id


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
