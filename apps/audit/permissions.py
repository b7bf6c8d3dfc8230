from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_ENTRIES = "audit.view_entries"

PERMISSIONS = [
    Permission(
        VIEW_ENTRIES,
        _("View the audit log"),
        _("See, search and export who did what, when and from where, in the whole workspace."),
    )
]
