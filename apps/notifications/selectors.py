"""A member's own inbox, and nobody else's."""

import uuid

from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.notifications.models import InboxItem


def inbox_for(actor: Actor, *, is_archived: bool = False) -> QuerySet[InboxItem]:
    """What the actor was told of. Empty for programs, which are told of nothing."""
    return _own(actor).filter(archived_at__isnull=not is_archived)


def inbox_matching(
    items: QuerySet[InboxItem], *, is_unread: bool | None = None, kinds: list[str] | None = None
) -> QuerySet[InboxItem]:
    if is_unread is not None:
        items = items.filter(read_at__isnull=is_unread)
    if kinds is not None:
        items = items.filter(notification__kind__in=kinds)
    return items


def inbox_item_for(actor: Actor, item_id: uuid.UUID, *, lock: bool = False) -> InboxItem:
    """Archived or not. Raises NotFound for what is not in the actor's inbox."""
    items = _own(actor)
    if lock:
        items = items.select_for_update(of=("self",))
    found = items.filter(id=item_id).first()
    if found is None:
        raise NotFound
    return found


def _own(actor: Actor) -> QuerySet[InboxItem]:
    if actor.member_id is None:
        return InboxItem.objects.none()
    return InboxItem.objects.filter(member_id=actor.member_id).select_related("notification")
