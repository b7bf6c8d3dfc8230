from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission
from apps.tenants.permissions import VIEW_SETTINGS

MANAGE_EMAIL_DOMAINS = "accounts.manage_email_domains"
MANAGE_SIGN_IN_POLICY = "accounts.manage_sign_in_policy"
MANAGE_IDENTITY_PROVIDER = "accounts.manage_identity_provider"

PERMISSIONS = [
    Permission(
        MANAGE_SIGN_IN_POLICY,
        _("Manage sign-in"),
        _("Decide how people have to sign in to the workspace."),
        dangerous=True,
        for_keys=False,
        implies=(VIEW_SETTINGS,),
    ),
    Permission(
        MANAGE_IDENTITY_PROVIDER,
        _("Manage the identity provider"),
        _(
            "Connect the provider that people sign in by. Whoever holds this can let that provider sign in "
            "as any member with an address in the workspace's domains, owners too."
        ),
        dangerous=True,
        for_keys=False,
        # An administrator could make themselves an owner by it.
        system_roles=(),
    ),
    Permission(
        MANAGE_EMAIL_DOMAINS,
        _("Manage e-mail domains"),
        _("Add and remove the workspace's e-mail domains, and say who may join by them."),
        dangerous=True,
        for_keys=False,
        implies=(VIEW_SETTINGS,),
    ),
]
