from django.urls import path

from apps.roles.api.v1 import views, views_api_keys

urlpatterns = [
    path("permissions/", views.PermissionsView.as_view(), name="api_permissions"),
    path("roles/", views.RolesView.as_view(), name="api_roles"),
    path("roles/compare/", views.RoleComparisonView.as_view(), name="api_roles_compare"),
    path("roles/<uuid:role_id>/", views.RoleView.as_view(), name="api_role"),
    path("api-keys/", views_api_keys.ApiKeysView.as_view(), name="api_api_keys"),
    path("api-keys/<uuid:api_key_id>/", views_api_keys.ApiKeyView.as_view(), name="api_api_key"),
    path(
        "api-keys/<uuid:api_key_id>/rotate/",
        views_api_keys.ApiKeyRotateView.as_view(),
        name="api_api_key_rotate",
    ),
]
