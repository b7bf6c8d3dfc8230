from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

MANAGE_NOTIFICATIONS = "notifications.manage_notifications"

PERMISSIONS = [
    Permission(
        MANAGE_NOTIFICATIONS,
        _("Manage notifications"),
        _(
            "Choose what everybody is told of and how, write the workspace's own words, see what was sent."
        ),
        system_roles=("admin",),
    ),
]
