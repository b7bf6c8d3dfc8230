from apps.notifications.services.defaults import notification_defaults_set
from apps.notifications.services.deliveries import delivery_retry
from apps.notifications.services.inbox import (
    inbox_item_archive,
    inbox_item_read,
    inbox_item_restore,
    inbox_item_unread,
    inbox_read_all,
)
from apps.notifications.services.preferences import (
    notification_preferences_set,
    notifications_unsubscribe,
)

__all__ = [
    "delivery_retry",
    "inbox_item_archive",
    "inbox_item_read",
    "inbox_item_restore",
    "inbox_item_unread",
    "inbox_read_all",
    "notification_defaults_set",
    "notification_preferences_set",
    "notifications_unsubscribe",
]
