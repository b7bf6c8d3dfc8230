from django.urls import path

from apps.billing.api.v1 import views, views_contacts, views_subscription

urlpatterns = [
    path("billing/plans/", views.PlansView.as_view(), name="api_plans"),
    path("billing/add-ons/", views.AddOnsView.as_view(), name="api_add_ons"),
    path("billing/entitlements/", views.EntitlementsView.as_view(), name="api_entitlements"),
    path(
        "billing/subscription/",
        views_subscription.SubscriptionView.as_view(),
        name="api_subscription",
    ),
    path(
        "billing/subscription/preview/",
        views_subscription.PreviewView.as_view(),
        name="api_subscription_preview",
    ),
    path(
        "billing/checkout-sessions/",
        views_subscription.CheckoutView.as_view(),
        name="api_checkout_sessions",
    ),
    path(
        "billing/portal-sessions/",
        views_subscription.PortalView.as_view(),
        name="api_portal_sessions",
    ),
    path("billing/contacts/", views_contacts.ContactsView.as_view(), name="api_billing_contacts"),
    path("billing/invoices/", views_subscription.InvoicesView.as_view(), name="api_invoices"),
]
