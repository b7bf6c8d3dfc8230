from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_BILLING = "billing.view_billing"
MANAGE_BILLING = "billing.manage_billing"

PERMISSIONS = [
    Permission(
        VIEW_BILLING,
        _("View the plan"),
        _("See the workspace's plan, what it includes and how much of it is used."),
        system_roles=("admin", "billing_admin"),
    ),
    Permission(
        MANAGE_BILLING,
        _("Manage billing"),
        _("Choose the plan and how it is paid for."),
        dangerous=True,
        system_roles=("billing_admin",),
        for_keys=False,
        implies=(VIEW_BILLING,),
    ),
]
