from django.urls import path

from apps.roles.api.v1 import views

urlpatterns = [
    path("permissions/", views.PermissionsView.as_view(), name="api_permissions"),
    path("roles/", views.RolesView.as_view(), name="api_roles"),
    path("roles/<uuid:role_id>/", views.RoleView.as_view(), name="api_role"),
]
