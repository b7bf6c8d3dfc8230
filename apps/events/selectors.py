"""How the events fare: figures and dead letters for the console and the command."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent


def known_events() -> Q:
    """Of a type and version that this release can read; a newer release publishes others."""
    by_version: dict[int, list[str]] = {}
    for name, cls in registry.events().items():
        by_version.setdefault(cls.version, []).append(name)
    return reduce(
        or_,
        (Q(version__lte=version, name__in=names) for version, names in by_version.items()),
        Q(pk__in=[]),
    )


def events_stats() -> dict[str, Any]:
    """Backlog of the outbox and of each handler. Ages in seconds. Two statements."""
    waiting = OutboxEvent.objects.filter(dispatched_at=None).aggregate(
        count=Count("id"),
        oldest=Min("created_at"),
        unknown=Count("id", filter=~known_events()),
    )
    subscriptions = registry.subscriptions()
    handlers = {name: _handler_stats({}, known=True) for name in subscriptions}
    rows = Handling.objects.values("handler").annotate(
        **{str(state): Count("id", filter=Q(state=state)) for state in HandlingState},
        retrying=Count("id", filter=Q(state=HandlingState.PENDING, attempts__gt=0)),
        oldest=Min("event__created_at", filter=Q(state=HandlingState.PENDING)),
    )
    for row in rows:
        handlers[row["handler"]] = _handler_stats(row, known=row["handler"] in subscriptions)
    return {
        "undispatched": waiting["count"],
        "undispatched_unknown": waiting["unknown"],
        "oldest_undispatched_s": _age_s(waiting["oldest"]),
        "handlers": dict(sorted(handlers.items())),
    }


def _handler_stats(row: Mapping[str, Any], *, known: bool) -> dict[str, Any]:
    counts = {key: row.get(key, 0) for key in (*HandlingState.values, "retrying")}
    return {**counts, "oldest_pending_s": _age_s(row.get("oldest")), "known": known}


def _age_s(then: datetime | None) -> float | None:
    return round((timezone.now() - then).total_seconds(), 1) if then else None


def dead_letters(handler: str | None = None) -> QuerySet[Handling]:
    """Handlings that were given up, oldest first, with their events. For staff."""
    dead = Handling.objects.filter(state=HandlingState.DEAD).select_related("event")
    if handler:
        dead = dead.filter(handler=handler)
    return dead.order_by("position", "handler")
