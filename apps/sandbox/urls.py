from django.urls import path

from apps.sandbox import views

urlpatterns = [
    path("inbox/", views.inbox, name="sandbox_inbox"),
    path("inbox/<uuid:email_id>/", views.email, name="sandbox_email"),
    path("inbox/<uuid:email_id>/html/", views.email_html, name="sandbox_email_html"),
]
