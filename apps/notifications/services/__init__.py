from apps.notifications.services.defaults import notification_defaults_set
from apps.notifications.services.deliveries import delivery_retry
from apps.notifications.services.inbox import (
    inbox_item_archive,
    inbox_item_read,
    inbox_item_restore,
    inbox_item_unread,
    inbox_read_all,
)
from apps.notifications.services.phone import (
    phone_code_send,
    phone_remove,
    phone_verify,
)
from apps.notifications.services.preferences import (
    notification_preferences_set,
    notifications_unsubscribe,
)
from apps.notifications.services.push_devices import (
    push_device_register,
    push_device_remove,
    push_device_see,
    push_devices_forget,
    push_devices_forget_member,
    push_devices_forget_unseen,
)
from apps.notifications.services.templates import (
    template_reset,
    template_set,
    template_test_send,
)
from apps.notifications.services.webhook import (
    webhook_remove,
    webhook_rotate,
    webhook_set,
    webhook_test_send,
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
    "phone_code_send",
    "phone_remove",
    "phone_verify",
    "push_device_register",
    "push_device_remove",
    "push_device_see",
    "push_devices_forget",
    "push_devices_forget_member",
    "push_devices_forget_unseen",
    "template_reset",
    "template_set",
    "template_test_send",
    "webhook_remove",
    "webhook_rotate",
    "webhook_set",
    "webhook_test_send",
]
