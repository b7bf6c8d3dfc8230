from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature("roles.custom_roles", _("Custom roles"), ("roles.role_changed",)),
    Feature("roles.api_keys", _("API keys"), ("roles.api_key_created", "roles.api_key_rotated")),
)
