from django.urls import path

from apps.credits.api.v1 import views, views_budgets, views_buying, views_spending, views_usage

urlpatterns = [
    path("credits/accounts/", views.AccountsView.as_view(), name="api_credits_accounts"),
    path("credits/grants/", views.GrantsView.as_view(), name="api_credits_grants"),
    path("credits/entries/", views.EntriesView.as_view(), name="api_credits_entries"),
    path(
        "credits/entries/<uuid:transaction_id>/",
        views.EntryView.as_view(),
        name="api_credits_entry",
    ),
    path("credits/operations/", views.OperationsView.as_view(), name="api_credits_operations"),
    path("credits/estimate/", views.EstimateView.as_view(), name="api_credits_estimate"),
    path("credits/debits/", views_spending.DebitsView.as_view(), name="api_credits_debits"),
    path("credits/holds/", views_spending.HoldsView.as_view(), name="api_credits_holds"),
    path(
        "credits/holds/<uuid:hold_id>/", views_spending.HoldView.as_view(), name="api_credits_hold"
    ),
    path(
        "credits/holds/<uuid:hold_id>/capture/",
        views_spending.CaptureView.as_view(),
        name="api_credits_hold_capture",
    ),
    path(
        "credits/holds/<uuid:hold_id>/release/",
        views_spending.ReleaseView.as_view(),
        name="api_credits_hold_release",
    ),
    path("credits/usage/", views_usage.UsageView.as_view(), name="api_credits_usage"),
    path(
        "credits/usage-events/",
        views_usage.UsageEventsView.as_view(),
        name="api_credits_usage_events",
    ),
    path("credits/budgets/", views_budgets.BudgetsView.as_view(), name="api_credits_budgets"),
    path(
        "credits/budgets/transfers/",
        views_budgets.BudgetTransfersView.as_view(),
        name="api_credits_budget_transfers",
    ),
    path(
        "credits/budgets/<uuid:organization_id>/",
        views_budgets.BudgetView.as_view(),
        name="api_credits_budget",
    ),
    path(
        "credits/spending-caps/",
        views_budgets.SpendingCapsView.as_view(),
        name="api_credits_spending_caps",
    ),
    path(
        "credits/spending-caps/<uuid:member_id>/",
        views_budgets.SpendingCapView.as_view(),
        name="api_credits_spending_cap",
    ),
    path("credits/packs/", views_buying.PacksView.as_view(), name="api_credit_packs"),
    path(
        "credits/checkout-sessions/",
        views_buying.PackCheckoutView.as_view(),
        name="api_credit_checkout_sessions",
    ),
    path("credits/auto-top-up/", views_buying.AutoTopUpView.as_view(), name="api_auto_top_up"),
    path(
        "credits/auto-top-up/resume/",
        views_buying.AutoTopUpResumeView.as_view(),
        name="api_auto_top_up_resume",
    ),
]
