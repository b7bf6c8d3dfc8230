from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

MANAGE_EMAIL_DOMAINS = "accounts.manage_email_domains"

PERMISSIONS = [
    Permission(
        MANAGE_EMAIL_DOMAINS,
        _("Manage e-mail domains"),
        _("Add and remove the workspace's e-mail domains, and say who may join by them."),
        dangerous=True,
    ),
]
