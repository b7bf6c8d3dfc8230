from django.urls import path

from apps.billing.api.v1 import views

urlpatterns = [
    path("billing/plans/", views.PlansView.as_view(), name="api_plans"),
    path("billing/add-ons/", views.AddOnsView.as_view(), name="api_add_ons"),
    path("billing/entitlements/", views.EntitlementsView.as_view(), name="api_entitlements"),
]
