from django.urls import path

from apps.tenants.api.v1 import views

urlpatterns = [
    path("tenants/", views.TenantsView.as_view(), name="api_tenants"),
    path(
        "tenants/<uuid:tenant_id>/",
        views.TenantProgressView.as_view(),
        name="api_tenant_progress",
    ),
    path("tenant/", views.CurrentTenantView.as_view(), name="api_tenant"),
]
