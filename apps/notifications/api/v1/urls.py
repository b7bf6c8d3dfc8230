from django.urls import include, path

from apps.notifications.api.v1 import views, views_choices, views_devices, views_log

_ONE = "notifications/<uuid:item_id>/"

urlpatterns = [
    path("", include("apps.notifications.api.v1.urls_workspace")),
    path("notifications/", views.NotificationsView.as_view(), name="api_notifications"),
    path(
        "notifications/unread-count/",
        views.UnreadCountView.as_view(),
        name="api_notifications_unread_count",
    ),
    path("notifications/read-all/", views.ReadAllView.as_view(), name="api_notifications_read_all"),
    path(
        "notifications/deliveries/",
        views_log.DeliveriesView.as_view(),
        name="api_notifications_deliveries",
    ),
    path(
        "notifications/deliveries/<uuid:delivery_id>/retry/",
        views_log.DeliveryRetryView.as_view(),
        name="api_notifications_delivery_retry",
    ),
    path(
        "notification-preferences/",
        views_choices.PreferencesView.as_view(),
        name="api_notification_preferences",
    ),
    path(_ONE, views.NotificationView.as_view(), name="api_notification"),
    path(f"{_ONE}read/", views.ReadView.as_view(), name="api_notification_read"),
    path(f"{_ONE}unread/", views.UnreadView.as_view(), name="api_notification_unread"),
    path(f"{_ONE}archive/", views.ArchiveView.as_view(), name="api_notification_archive"),
    path(f"{_ONE}restore/", views.RestoreView.as_view(), name="api_notification_restore"),
    path("push-devices/", views_devices.PushDevicesView.as_view(), name="api_push_devices"),
    path(
        "push-devices/<uuid:device_id>/",
        views_devices.PushDeviceView.as_view(),
        name="api_push_device",
    ),
    path(
        "push-devices/<uuid:device_id>/seen/",
        views_devices.PushDeviceSeenView.as_view(),
        name="api_push_device_seen",
    ),
]
