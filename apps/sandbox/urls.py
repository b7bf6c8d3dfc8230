from django.urls import path

from apps.sandbox import views, views_dns, views_pwned

urlpatterns = [
    path("inbox/", views.inbox, name="sandbox_inbox"),
    path("inbox/<uuid:email_id>/", views.email, name="sandbox_email"),
    path("inbox/<uuid:email_id>/html/", views.email_html, name="sandbox_email_html"),
    path("dns/", views_dns.records, name="sandbox_dns"),
    path("dns/<uuid:record_id>/remove/", views_dns.remove, name="sandbox_dns_remove"),
    path("pwned-passwords/range/<str:prefix>", views_pwned.pwned_range, name="sandbox_pwned_range"),
]
