"""How many notifications a member has not read: in Redis, as every page shows it."""

import uuid

from apps.common.caching import Namespace
from apps.notifications.models import InboxItem

UNREAD = Namespace("notifications.unread", ttl_s=3600)
# More are shown as "99+".
COUNTED = 100


def unread_count(member_id: uuid.UUID) -> int:
    """At most COUNTED. No statement when warm."""
    return UNREAD.get(str(member_id), lambda: _count(member_id))


def changed() -> None:
    """Of some member. In the transaction that changes it."""
    UNREAD.invalidate()


def _count(member_id: uuid.UUID) -> int:
    rows = InboxItem.objects.filter(member_id=member_id, read_at=None, archived_at=None)
    return rows.order_by()[:COUNTED].count()
