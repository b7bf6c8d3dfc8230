"""How the events fare: figures and dead letters for the console and the command."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent
from apps.events.ownership import members_of
from apps.events.streams import group_lags, group_rates
from apps.events.subscribers import groups_of, subscribers

OPEN = (HandlingState.PENDING, HandlingState.DEAD)


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
    """How much waits, where. Ages in seconds, rates a minute. Four statements, and Redis.

    groups: of each, what it has not read yet (lag), what it read and did not finish (unfinished), what it
    handled in the last whole minute, its processes. What only Redis knows is None where it does not answer.
    """
    waiting = OutboxEvent.objects.filter(dispatched_at=None).aggregate(
        count=Count("id"),
        oldest=Min("created_at"),
        unknown=Count("id", filter=~known_events()),
    )
    subscriptions = registry.subscriptions()
    handlers = {name: _handler_stats({}, known=True) for name in subscriptions}
    # Those that are done are many, and only of interest by the minute.
    rows = (
        Handling.objects.filter(state__in=OPEN)
        .values("handler")
        .annotate(
            **{str(state): Count("id", filter=Q(state=state)) for state in OPEN},
            retrying=Count("id", filter=Q(state=HandlingState.PENDING, attempts__gt=0)),
            oldest=Min("event__created_at", filter=Q(state=HandlingState.PENDING)),
        )
    )
    for row in rows:
        handlers[row["handler"]] = _handler_stats(row, known=row["handler"] in subscriptions)
    return {
        "undispatched": waiting["count"],
        "undispatched_unknown": waiting["unknown"],
        "oldest_undispatched_s": _age_s(waiting["oldest"]),
        "groups": _groups_stats(),
        "handlers": dict(sorted(handlers.items())),
    }


def _groups_stats() -> dict[str, dict[str, Any]]:
    groups = groups_of(subscribers())
    members = members_of(groups)
    try:
        read, rates = group_lags(), group_rates(2)[0]
    except RedisError:
        read, rates = None, None
    return {
        group: {
            "lag": read.get(group, (0, 0))[0] if read is not None else None,
            "unfinished": read.get(group, (0, 0))[1] if read is not None else None,
            "per_minute": rates.get(group, 0) if rates is not None else None,
            "processes": members.get(group, 0),
        }
        for group in groups
    }


def _handler_stats(row: Mapping[str, Any], *, known: bool) -> dict[str, Any]:
    counts = {key: row.get(key, 0) for key in (*map(str, OPEN), "retrying")}
    return {**counts, "oldest_pending_s": _age_s(row.get("oldest")), "known": known}


def _age_s(then: datetime | None) -> float | None:
    return round((timezone.now() - then).total_seconds(), 1) if then else None


def dead_letters(handler: str | None = None, event_name: str | None = None) -> QuerySet[Handling]:
    """Handlings that were given up, oldest first, with their events. For staff."""
    dead = Handling.objects.filter(state=HandlingState.DEAD).select_related("event")
    if handler:
        dead = dead.filter(handler=handler)
    if event_name:
        # As a subquery, for updates that cannot join.
        dead = dead.filter(event_id__in=OutboxEvent.objects.filter(name=event_name).values("id"))
    return dead.order_by("position", "handler")
