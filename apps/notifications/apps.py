from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.common.notifying import Channel
        from apps.notifications import checks, masks  # noqa: F401 - registers its checks
        from apps.notifications.channels import register_channel
        from apps.notifications.channels.email import EmailChannel
        from apps.notifications.channels.push import PushChannel
        from apps.notifications.permissions import PERMISSIONS

        register_permissions(PERMISSIONS)
        masks.register()
        register_channel(Channel.EMAIL, EmailChannel())
        # Without keys of any push service nobody is reachable by it.
        register_channel(Channel.PUSH, PushChannel())
