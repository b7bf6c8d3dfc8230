"""What a workspace says of its notifications, and where members get them; in urls_tenant.py."""

from django.urls import path

from apps.portal.views import notification_phone, notification_templates, notification_webhook

urlpatterns = [
    path("notifications/phone/", notification_phone.index, name="notification-phone"),
    path(
        "notifications/phone/remove/", notification_phone.remove, name="notification-phone-remove"
    ),
    path("n/<str:token>/", notification_phone.short, name="notification-short"),
    path(
        "settings/notifications/templates/",
        notification_templates.index,
        name="notification-templates",
    ),
    path(
        "settings/notifications/webhook/", notification_webhook.index, name="notification-webhook"
    ),
    path(
        "settings/notifications/webhook/rotate/",
        notification_webhook.rotate,
        name="notification-webhook-rotate",
    ),
    path(
        "settings/notifications/webhook/test/",
        notification_webhook.test,
        name="notification-webhook-test",
    ),
    path(
        "settings/notifications/webhook/remove/",
        notification_webhook.remove,
        name="notification-webhook-remove",
    ),
    path(
        "settings/notifications/templates/previews/<str:token>/",
        notification_templates.mail,
        name="notification-template-mail",
    ),
    path(
        "settings/notifications/templates/<str:kind>/<str:language>/",
        notification_templates.edit,
        name="notification-template",
    ),
    path(
        "settings/notifications/templates/<str:kind>/<str:language>/preview/",
        notification_templates.preview,
        name="notification-template-preview",
    ),
    path(
        "settings/notifications/templates/<str:kind>/<str:language>/reset/",
        notification_templates.reset,
        name="notification-template-reset",
    ),
]
