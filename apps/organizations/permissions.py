from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_MEMBER = "organizations.view_member"
INVITE_MEMBER = "organizations.invite_member"
UPDATE_MEMBER = "organizations.update_member"
REMOVE_MEMBER = "organizations.remove_member"
VIEW_ORGANIZATION = "organizations.view_organization"
CREATE_ORGANIZATION = "organizations.create_organization"
UPDATE_ORGANIZATION = "organizations.update_organization"
MOVE_ORGANIZATION = "organizations.move_organization"
ARCHIVE_ORGANIZATION = "organizations.archive_organization"
MANAGE_SETTINGS = "organizations.manage_settings"
DELETE_ORGANIZATION = "organizations.delete_organization"
VIEW_GROUP = "organizations.view_group"
MANAGE_GROUP = "organizations.manage_group"
MANAGE_PROVISIONING = "organizations.manage_provisioning"

EVERYBODY = ("admin", "billing_admin", "member")

PERMISSIONS = [
    Permission(
        VIEW_MEMBER,
        _("View members"),
        _("See who works in the workspace and with which roles."),
        scoped=True,
        system_roles=EVERYBODY,
    ),
    Permission(
        INVITE_MEMBER,
        _("Invite members"),
        _("Invite people by e-mail, see, resend and revoke invitations."),
        scoped=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        UPDATE_MEMBER,
        _("Change members"),
        _("Move members between organizations, deactivate and reactivate them."),
        scoped=True,
        implies=(VIEW_MEMBER, VIEW_ORGANIZATION),
    ),
    Permission(
        REMOVE_MEMBER,
        _("Remove members"),
        _("Remove members from the workspace."),
        scoped=True,
        dangerous=True,
        implies=(VIEW_MEMBER,),
    ),
    Permission(
        VIEW_ORGANIZATION,
        _("View organizations"),
        _("See the tree of divisions, branches and teams."),
        scoped=True,
        system_roles=EVERYBODY,
    ),
    Permission(
        CREATE_ORGANIZATION,
        _("Create organizations"),
        _("Add an organization below another."),
        scoped=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        UPDATE_ORGANIZATION,
        _("Rename organizations"),
        _("Rename an organization, and put those directly below it in order."),
        scoped=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        MOVE_ORGANIZATION,
        _("Move organizations"),
        _("Move an organization with all below it, which changes who may act there."),
        scoped=True,
        dangerous=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        ARCHIVE_ORGANIZATION,
        _("Archive organizations"),
        _("Archive an organization with all below it, and restore it."),
        scoped=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        MANAGE_SETTINGS,
        _("Change settings of organizations"),
        _("Decide what holds in an organization and below it, such as who can be invited there."),
        scoped=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        DELETE_ORGANIZATION,
        _("Delete organizations"),
        _("Delete an organization that is empty."),
        scoped=True,
        dangerous=True,
        implies=(VIEW_ORGANIZATION,),
    ),
    Permission(
        VIEW_GROUP,
        _("View groups"),
        _("See the groups, who is in them, and which roles they hold."),
    ),
    Permission(
        MANAGE_GROUP,
        _("Manage groups"),
        _(
            "Create, rename and delete groups, and say who is in them, up to what one holds oneself "
            "where the group holds roles."
        ),
        dangerous=True,
        for_keys=False,
        implies=(VIEW_GROUP,),
    ),
    Permission(
        MANAGE_PROVISIONING,
        _("Manage provisioning"),
        _(
            "Let an identity provider add, change and remove members by SCIM; see and map its groups."
        ),
        dangerous=True,
        for_keys=False,
    ),
]
