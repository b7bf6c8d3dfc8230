"""At the root of a tenant's host."""

from django.urls import path

from apps.accounts import views, views_handoff, views_impersonation

urlpatterns = [
    path("sign-in/", views_handoff.sign_in, name="sign_in"),
    # LOGIN_URL: Django's login_required leads here on a tenant's host.
    path("sign-in/", views_handoff.sign_in, name="account_login"),
    path("support/", views_impersonation.support_state, name="support_state"),
    path("enter/", views_handoff.enter, name="enter"),
    path("sign-out/", views_handoff.sign_out, name="sign_out"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]
