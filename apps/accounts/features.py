from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature("accounts.sign_in_policy", _("Sign-in policies"), ("accounts.sign_in_policy_changed",)),
    Feature(
        "accounts.email_domains",
        _("E-mail domains"),
        ("accounts.email_domain_added", "accounts.email_domain_join_mode_changed"),
    ),
)
