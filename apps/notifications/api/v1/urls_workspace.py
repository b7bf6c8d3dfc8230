"""A workspace's own words, and a member's own number."""

from django.urls import path

from apps.notifications.api.v1 import views_phone, views_templates

_TEMPLATE = "notification-templates/<str:kind>/<str:language>/"

urlpatterns = [
    path("phone/", views_phone.PhoneView.as_view(), name="api_phone"),
    path("phone/verify/", views_phone.PhoneVerifyView.as_view(), name="api_phone_verify"),
    path(
        "notification-templates/",
        views_templates.TemplatesView.as_view(),
        name="api_notification_templates",
    ),
    path(_TEMPLATE, views_templates.TemplateView.as_view(), name="api_notification_template"),
    path(
        f"{_TEMPLATE}preview/",
        views_templates.TemplatePreviewView.as_view(),
        name="api_notification_template_preview",
    ),
]
