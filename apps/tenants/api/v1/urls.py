from django.urls import path

from apps.tenants.api.v1 import views, views_domains, views_exports

urlpatterns = [
    path("tenants/", views.TenantsView.as_view(), name="api_tenants"),
    path(
        "tenants/<uuid:tenant_id>/",
        views.TenantProgressView.as_view(),
        name="api_tenant_progress",
    ),
    path("tenant/", views.CurrentTenantView.as_view(), name="api_tenant"),
    path("tenant/exports/", views_exports.ExportsView.as_view(), name="api_exports"),
    path(
        "tenant/exports/<uuid:export_id>/",
        views_exports.ExportView.as_view(),
        name="api_export",
    ),
    path("tenant/domains/", views_domains.DomainsView.as_view(), name="api_domains"),
    path(
        "tenant/domains/<uuid:domain_id>/",
        views_domains.DomainView.as_view(),
        name="api_domain",
    ),
    path(
        "tenant/domains/<uuid:domain_id>/check/",
        views_domains.DomainCheckView.as_view(),
        name="api_domain_check",
    ),
    path(
        "tenant/domains/<uuid:domain_id>/make-primary/",
        views_domains.DomainMakePrimaryView.as_view(),
        name="api_domain_make_primary",
    ),
]
