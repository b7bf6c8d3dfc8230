from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_ROLE = "roles.view_role"
MANAGE_ROLE = "roles.manage_role"
BIND_ROLE = "roles.bind_role"
MANAGE_API_KEY = "roles.manage_api_key"

PERMISSIONS = [
    Permission(
        VIEW_ROLE,
        _("View roles"),
        _("See the roles of the workspace and what each of them allows."),
        scoped=True,
        system_roles=("admin", "billing_admin", "member"),
    ),
    Permission(
        MANAGE_ROLE,
        _("Manage roles"),
        _("Create, change and delete custom roles, up to what one holds oneself."),
        dangerous=True,
        for_keys=False,
        implies=(VIEW_ROLE,),
    ),
    Permission(
        BIND_ROLE,
        _("Give and take roles"),
        _("Give members a role at an organization, up to what one holds there oneself."),
        scoped=True,
        dangerous=True,
        for_keys=False,
        implies=("organizations.view_member", "organizations.view_organization", VIEW_ROLE),
    ),
    Permission(
        MANAGE_API_KEY,
        _("Manage API keys"),
        _("Create, change, rotate and revoke API keys, up to what one holds there oneself."),
        scoped=True,
        dangerous=True,
        for_keys=False,
        implies=("organizations.view_organization",),
    ),
]
