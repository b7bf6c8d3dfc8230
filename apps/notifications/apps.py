from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.common.entitlements import register_entitlements
        from apps.common.notifying import Channel
        from apps.notifications import checks, masks  # noqa: F401 - registers its checks
        from apps.notifications.channels import register_channel
        from apps.notifications.channels.email import EmailChannel
        from apps.notifications.channels.push import PushChannel
        from apps.notifications.channels.sms import SmsChannel
        from apps.notifications.channels.webhook import WebhookChannel
        from apps.notifications.entitlements import ENTITLEMENTS
        from apps.notifications.permissions import PERMISSIONS

        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        masks.register()
        register_channel(Channel.EMAIL, EmailChannel())
        register_channel(Channel.SMS, SmsChannel())
        register_channel(Channel.WEBHOOK, WebhookChannel())
        # Without keys of any push service nobody is reachable by it.
        register_channel(Channel.PUSH, PushChannel())
