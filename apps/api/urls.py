"""The API as it is mounted at the root of every host."""

from django.urls import include, path, re_path

from apps.api import views

v1 = [
    path("", include("apps.accounts.api.v1.urls")),
    path("", include("apps.tenants.api.v1.urls")),
    path("", include("apps.adoption.api.v1.urls")),
    path("", include("apps.organizations.api.v1.urls")),
    path("", include("apps.roles.api.v1.urls")),
    path("", include("apps.billing.api.v1.urls")),
    path("", include("apps.credits.api.v1.urls")),
    path("", include("apps.events.api.v1.urls")),
    path("", include("apps.audit.api.v1.urls")),
    path("", include("apps.notifications.api.v1.urls")),
    path("", include("apps.realtime.api.v1.urls")),
    path("", include("apps.onboarding.api.v1.urls")),
    path("", include("apps.feedback.api.v1.urls")),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    path("api/schema/", views.SchemaView.as_view(), name="api_schema"),
    path("api/docs/", views.docs, name="api_docs"),
    re_path(r"^api/", views.not_found, name="api_not_found"),
]
