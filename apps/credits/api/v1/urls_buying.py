from django.urls import path

from apps.credits.api.v1 import views_buying as views

urlpatterns = [
    path("credits/packs/", views.PacksView.as_view(), name="api_credit_packs"),
    path(
        "credits/checkout-sessions/",
        views.PackCheckoutView.as_view(),
        name="api_credit_checkout_sessions",
    ),
    path("credits/auto-top-up/", views.AutoTopUpView.as_view(), name="api_auto_top_up"),
    path(
        "credits/auto-top-up/resume/",
        views.AutoTopUpResumeView.as_view(),
        name="api_auto_top_up_resume",
    ),
]
