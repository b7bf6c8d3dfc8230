from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature("onboarding.setup", _("Finishing the setup"), ("onboarding.workflow_completed",))
)
