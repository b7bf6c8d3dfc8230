from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_SETTINGS = "tenants.view_settings"
UPDATE_SETTINGS = "tenants.update_settings"
EXPORT_DATA = "tenants.export_data"
MANAGE_DOMAINS = "tenants.manage_domains"

PERMISSIONS = [
    Permission(
        VIEW_SETTINGS,
        _("View settings"),
        _("See the workspace's name, address and brand."),
        system_roles=("admin", "billing_admin"),
    ),
    Permission(
        UPDATE_SETTINGS,
        _("Change settings"),
        _("Change the workspace's name and brand."),
        implies=(VIEW_SETTINGS,),
    ),
    Permission(
        MANAGE_DOMAINS,
        _("Manage addresses"),
        _("Change the workspace's address and domains, and say which sites may call its API."),
        dangerous=True,
        for_keys=False,
        implies=(VIEW_SETTINGS,),
    ),
    Permission(
        EXPORT_DATA,
        _("Export everything"),
        _("Get an archive of all data and files of the workspace."),
        dangerous=True,
        system_roles=(),
        for_keys=False,
    ),
]
