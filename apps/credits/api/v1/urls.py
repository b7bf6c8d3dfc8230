from django.urls import path

from apps.credits.api.v1 import views_budgets

urlpatterns = [
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
]
