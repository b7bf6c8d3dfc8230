"""Reads of a tenant's entries. Filters and search are the same for pages, API, exports and the console."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet

from apps.audit.actions import UNPUBLISHED, audited
from apps.audit.describing import action_text
from apps.audit.models import Entry
from apps.audit.permissions import VIEW_ENTRIES
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.trail.models import AbstractEntry

E = TypeVar("E", bound=AbstractEntry)

# As the index has it.
SEARCHED = SearchVector("actor_label", "address", "what", config="simple")


@dataclass(frozen=True, slots=True)
class Filters:
    """action: an event's name, or an app's for all of its. actor: their label, whole. target: an id.

    since, until: the first moment within, and the first one after. text: whole words.
    """

    text: str = ""
    action: str = ""
    actor: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filters()


def entries_for(actor: Actor) -> QuerySet[Entry]:
    """The tenant's entries, newest first. Raises PermissionDenied."""
    authorize(actor, VIEW_ENTRIES)
    return Entry.objects.order_by("-seq")


def entry_for(actor: Actor, entry_id: uuid.UUID) -> Entry:
    """Raises PermissionDenied, NotFound."""
    entry = entries_for(actor).filter(event_id=entry_id).first()
    if entry is None:
        raise NotFound
    return entry


def entries_matching(rows: QuerySet[E], filters: Filters) -> QuerySet[E]:
    """Those that fit, by the indexes."""
    if filters.action:
        is_name = "." in filters.action
        rows = rows.filter(
            **{"action": filters.action}
            if is_name
            else {"action__in": [a for a in actions() if a.startswith(f"{filters.action}.")]}
        )
    if filters.actor:
        rows = rows.filter(actor_label=filters.actor)
    if filters.target:
        rows = rows.filter(targets__contains=[filters.target])
    if filters.since:
        rows = rows.filter(occurred_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(occurred_at__lt=filters.until)
    if filters.text:
        # An alias changes the type that mypy knows, and nothing else.
        rows = rows.alias(searched=SEARCHED).filter(_search(filters.text))  # type: ignore[assignment]
    return rows


def _search(text: str) -> Q:
    """In what is kept, and in the actions as they read."""
    found = Q(searched=SearchQuery(text, config="simple", search_type="websearch"))
    wanted = text.casefold()
    named = [name for name in actions() if wanted in action_text(name).casefold()]
    return found | Q(action__in=named) if named else found


def actions() -> list[str]:
    """What an entry can be about: the audited events, and what is written without one."""
    return sorted([*audited(), *UNPUBLISHED])
