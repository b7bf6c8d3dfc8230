from django.urls import path

from apps.audit.api.v1 import views

urlpatterns = [
    path("audit-events/", views.AuditEventsView.as_view(), name="api_audit_events"),
    path("audit-events/export/", views.AuditExportView.as_view(), name="api_audit_export"),
    path("audit-events/stream/", views.AuditStreamView.as_view(), name="api_audit_stream"),
    path("audit-events/<uuid:entry_id>/", views.AuditEventView.as_view(), name="api_audit_event"),
]
