from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

MANAGE_SIGN_IN_POLICY = "accounts.manage_sign_in_policy"

PERMISSIONS = [
    Permission(
        MANAGE_SIGN_IN_POLICY,
        _("Manage sign-in"),
        _("Decide how people have to sign in to the workspace."),
        dangerous=True,
    ),
]
