from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature(
        "credits.budgets",
        _("Budgets of credits"),
        ("credits.budget_changed", "credits.budget_transferred"),
    ),
    Feature("credits.spending_caps", _("Spending caps"), ("credits.spending_cap_changed",)),
    Feature("credits.low_balance_alerts", _("Alerts of credits"), ("credits.alert_changed",)),
)
