from django.utils.translation import gettext_lazy as _

from apps.adoption.registry import Feature, declare_features

declare_features(
    Feature("organizations.invitations", _("Inviting people"), ("organizations.member_invited",)),
    Feature("organizations.tree", _("Organizations"), ("organizations.organization_changed",)),
    Feature(
        "organizations.groups",
        _("Groups"),
        ("organizations.group_changed", "organizations.group_role_changed"),
    ),
    Feature(
        "organizations.role_bindings",
        _("Giving roles"),
        ("organizations.role_binding_changed",),
    ),
)
