from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature("billing.checkout", _("Going to the checkout"), ("billing.checkout_begun",)),
    Feature("billing.auto_top_up", _("Auto top-up"), ("billing.auto_top_up_changed",)),
)
