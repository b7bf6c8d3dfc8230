"""At the root of the public host."""

from django.urls import include, path

from apps.accounts import views, views_handoff

urlpatterns = [
    path("accounts/", include("apps.accounts.urls")),
    path("open/<str:slug>/", views_handoff.open_workspace, name="open_workspace"),
    path("signed-out/", views_handoff.signed_out, name="signed_out"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]
