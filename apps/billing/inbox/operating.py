"""What staff and schedules do with the inbox: replay, discard, count, sweep, prune."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import StripeEventState as S
from apps.billing.events import StripeEventDiscarded, StripeEventReplayed
from apps.billing.models import StripeEvent
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish

PRUNE_BATCH = 1000
RATE_S = 300


def stripe_events_for(actor: Actor) -> QuerySet[StripeEvent]:
    """All, the newest first. Raises PermissionDenied for whoever is not of the platform."""
    require_platform(actor)
    return StripeEvent.objects.order_by("-received_at", "-id")


def stripe_event_for(actor: Actor, event_id: uuid.UUID | str) -> StripeEvent:
    """By our id or by Stripe's. Raises PermissionDenied, NotFound."""
    by_id = Q(id=event_id) if isinstance(event_id, uuid.UUID) else Q(stripe_id=event_id)
    found = stripe_events_for(actor).filter(by_id).first()
    if found is None:
        raise NotFound
    return found


def inbox_figures(actor: Actor) -> Mapping[str, Any]:
    """Counts by state, since when the oldest waits, how much comes and takes effect a minute. One statement.

    All that waits or failed; of the rest, what came in the last 24 hours.
    """
    now, minutes = timezone.now(), RATE_S / 60
    since = now - timedelta(seconds=RATE_S)
    counted = Q(received_at__gte=now - timedelta(hours=24)) | Q(state=S.PENDING) | Q(state=S.DEAD)
    found = (
        stripe_events_for(actor)
        .filter(counted)
        .aggregate(
            **{state.value: Count("id", filter=Q(state=state)) for state in S},
            oldest_pending_at=Min("received_at", filter=Q(state=S.PENDING)),
            received=Count("id", filter=Q(received_at__gte=since)),
            processed=Count("id", filter=Q(processed_at__gte=since)),
        )
    )
    return {
        **found,
        "received": round(found["received"] / minutes, 1),
        "processed": round(found["processed"] / minutes, 1),
    }


@transaction.atomic
def stripe_event_replay(*, actor: Actor, event_id: uuid.UUID) -> StripeEvent:
    """Have its effects once more, from the first attempt: what the object is now counts, not the event.

    Locks the event. Publishes billing.stripe_event_replayed. It is worked on with the next sweep.
    Raises PermissionDenied, NotFound, Conflict while it is pending.
    """
    event = _locked(actor, event_id)
    if event.state == S.PENDING:
        raise Conflict(_("This event is waiting already."))
    before, event.state = event.state, S.PENDING
    event.attempts, event.next_attempt_at, event.processed_at = 0, timezone.now(), None
    event.note = f"{actor.label}: replayed"
    event.save(update_fields=["state", "attempts", "next_attempt_at", "processed_at", "note"])
    publish(
        StripeEventReplayed(
            stripe_event_id=event.id, stripe_id=event.stripe_id, from_state=str(before)
        ),
        actor=actor,
        tenant_id=None,
    )
    return event


def stripe_events_replay(*, actor: Actor, events: QuerySet[StripeEvent] | None = None) -> int:
    """Those that failed, of a choice or of all, each by itself; returns how many."""
    found = stripe_events_for(actor) if events is None else events
    replayed = 0
    for event_id in list(found.filter(state=S.DEAD).order_by("id").values_list("id", flat=True)):
        try:
            stripe_event_replay(actor=actor, event_id=event_id)
        except Conflict:
            continue  # somebody else was quicker
        replayed += 1
    return replayed


@transaction.atomic
def stripe_event_discard(*, actor: Actor, event_id: uuid.UUID, reason: str) -> StripeEvent:
    """Give it up for good; the row keeps who did it and why.

    Locks the event. Publishes billing.stripe_event_discarded.
    Raises PermissionDenied, InvalidInput without a reason, NotFound, Conflict when it took effect.
    """
    require_platform(actor)
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field(
            "reason", _("Say why this event need not have an effect."), "required"
        )
    if len(reason) > 500:
        raise InvalidInput.field("reason", _("Use at most 500 characters."))
    event = _locked(actor, event_id)
    if event.state not in (S.PENDING, S.DEAD):
        raise Conflict(_("This event took effect or was discarded already."))
    event.state, event.note = S.DISCARDED, f"{actor.label}: {reason}"
    event.save(update_fields=["state", "note"])
    publish(
        StripeEventDiscarded(stripe_event_id=event.id, stripe_id=event.stripe_id, reason=reason),
        actor=actor,
        tenant_id=None,
    )
    return event


def lanes_due(at_most: int) -> list[str]:
    """Lanes with something to do, the longest waiting first. For the sweep."""
    waiting = StripeEvent.objects.filter(state=S.PENDING, next_attempt_at__lte=timezone.now())
    lanes = waiting.values("lane").annotate(since=Min("next_attempt_at")).order_by("since")
    return [row["lane"] for row in lanes[:at_most]]


def stripe_events_prune(*, actor: Actor) -> int:
    """Delete what took effect or was discarded STRIPE_EVENT_KEEP_DAYS ago; returns how many.

    What failed stays until somebody has dealt with it. Each batch is a transaction. Raises PermissionDenied.
    """
    require_platform(actor)
    before = timezone.now() - timedelta(days=settings.STRIPE_EVENT_KEEP_DAYS)
    settled = StripeEvent.objects.filter(state__in=(S.DONE, S.DISCARDED), received_at__lt=before)
    removed = 0
    while batch := list(settled.order_by("received_at").values_list("id", flat=True)[:PRUNE_BATCH]):
        removed += StripeEvent.objects.filter(id__in=batch).delete()[0]
    return removed


def _locked(actor: Actor, event_id: uuid.UUID) -> StripeEvent:
    require_platform(actor)
    found = StripeEvent.objects.select_for_update().filter(id=event_id).first()
    if found is None:
        raise NotFound
    return found
