from apps.notifications.services.inbox import (
    inbox_item_archive,
    inbox_item_read,
    inbox_item_restore,
    inbox_item_unread,
    inbox_read_all,
)
from apps.notifications.services.push_devices import (
    push_device_register,
    push_device_remove,
    push_device_see,
    push_devices_forget,
    push_devices_forget_member,
    push_devices_forget_unseen,
)

__all__ = [
    "inbox_item_archive",
    "inbox_item_read",
    "inbox_item_restore",
    "inbox_item_unread",
    "inbox_read_all",
    "push_device_register",
    "push_device_remove",
    "push_device_see",
    "push_devices_forget",
    "push_devices_forget_member",
    "push_devices_forget_unseen",
]
