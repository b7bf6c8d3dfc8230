"""How many notifications a member has not read: in Redis, as every page shows it."""

import uuid
from collections.abc import Sequence
from functools import partial

from django.db import transaction

from apps.common.caching import Namespace
from apps.common.live import tell_people
from apps.common.tenancy import require_tenant
from apps.notifications.models import InboxItem

UNREAD = Namespace("notifications.unread", ttl_s=3600)
# What open pages listen for.
CHANGED = "notifications.changed"
# More are shown as "99+".
COUNTED = 100


def unread_count(member_id: uuid.UUID) -> int:
    """At most COUNTED. No statement when warm."""
    return UNREAD.get(str(member_id), lambda: _count(member_id))


def changed(person_ids: Sequence[uuid.UUID]) -> None:
    """Of these people's. In the transaction that changes it; their open pages are told of it."""
    UNREAD.invalidate()
    tell = partial(tell_people, tenant_id=require_tenant().id, person_ids=person_ids, kind=CHANGED)
    transaction.on_commit(tell, robust=True)


def _count(member_id: uuid.UUID) -> int:
    rows = InboxItem.objects.filter(member_id=member_id, read_at=None, archived_at=None)
    return rows.order_by()[:COUNTED].count()
