"""At the root of every host: for browsers, password managers and researchers rather than for people."""

from django.urls import path

from apps.portal.views import csp_reports, well_known

urlpatterns = [
    path("reports/csp/", csp_reports.index, name="csp_reports"),
    path(".well-known/security.txt", well_known.security_txt, name="security_txt"),
    path(".well-known/change-password", well_known.change_password, name="change_password"),
]
