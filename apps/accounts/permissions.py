from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

MANAGE_EMAIL_DOMAINS = "accounts.manage_email_domains"
MANAGE_SIGN_IN_POLICY = "accounts.manage_sign_in_policy"

PERMISSIONS = [
    Permission(
        MANAGE_SIGN_IN_POLICY,
        _("Manage sign-in"),
        _("Decide how people have to sign in to the workspace."),
        dangerous=True,
        for_keys=False,
    ),
    Permission(
        MANAGE_EMAIL_DOMAINS,
        _("Manage e-mail domains"),
        _("Add and remove the workspace's e-mail domains, and say who may join by them."),
        dangerous=True,
        for_keys=False,
    ),
]
