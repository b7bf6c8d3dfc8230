"""What a member does with their own inbox. No events: nobody else has to know what somebody has read."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.common.actors import Actor
from apps.notifications import unread
from apps.notifications.models import InboxItem
from apps.notifications.selectors import inbox_for, inbox_item_for


def inbox_item_read(*, actor: Actor, item_id: uuid.UUID) -> InboxItem:
    """Note that the actor has read it; once, whoever says it how often. Locks it. Raises NotFound."""
    return _set(actor, item_id, read_at=timezone.now())


def inbox_item_unread(*, actor: Actor, item_id: uuid.UUID) -> InboxItem:
    """As if the actor had not read it. Locks it. Raises NotFound."""
    return _set(actor, item_id, read_at=None)


def inbox_item_archive(*, actor: Actor, item_id: uuid.UUID) -> InboxItem:
    """Put it out of the inbox, as read. Locks it. Raises NotFound."""
    now = timezone.now()
    return _set(actor, item_id, read_at=now, archived_at=now)


def inbox_item_restore(*, actor: Actor, item_id: uuid.UUID) -> InboxItem:
    """Put it back into the inbox. Locks it. Raises NotFound."""
    return _set(actor, item_id, archived_at=None)


@transaction.atomic
def inbox_read_all(*, actor: Actor, until: datetime | None = None) -> int:
    """Note that the actor has read all that came until then; how many. Two statements."""
    items = inbox_for(actor).filter(read_at=None)
    if until is not None:
        items = items.filter(created_at__lte=until)
    count = InboxItem.objects.filter(id__in=items.values("id")).update(read_at=timezone.now())
    if count:
        _tell(actor)
    return count


@transaction.atomic
def _set(actor: Actor, item_id: uuid.UUID, **times: datetime | None) -> InboxItem:
    """Moments that are noted already stay what they are."""
    item = inbox_item_for(actor, item_id, lock=True)
    changed = []
    for name, value in times.items():
        if (getattr(item, name) is None) != (value is None):
            setattr(item, name, value)
            changed.append(name)
    if changed:
        item.save(update_fields=[*changed, "updated_at"])
        _tell(actor)
    return item


def _tell(actor: Actor) -> None:
    """The other pages that the member has open."""
    unread.changed([actor.person_id] if actor.person_id else [])
