from apps.notifications.services.inbox import (
    inbox_item_archive,
    inbox_item_read,
    inbox_item_restore,
    inbox_item_unread,
    inbox_read_all,
)

__all__ = [
    "inbox_item_archive",
    "inbox_item_read",
    "inbox_item_restore",
    "inbox_item_unread",
    "inbox_read_all",
]
