"""The roles that every tenant has. What they allow is declared by permissions (apps/common/access.py)."""

from django.utils.translation import gettext_lazy as _

from apps.common.access import AUDITOR, OWNER
from apps.roles.models import Role

SYSTEM_ROLES = {
    OWNER: (_("Owner"), _("Everything, including what is dangerous. Every workspace has one.")),
    "admin": (_("Administrator"), _("Runs the workspace: people, roles, organizations, settings.")),
    "billing_admin": (
        _("Billing administrator"),
        _("Looks after the bill, and sees the workspace and who is in it."),
    ),
    AUDITOR: (_("Auditor"), _("Sees everything, and changes nothing.")),
    "member": (_("Member"), _("Works in the workspace and sees who else does.")),
}


def system_roles_ensure() -> None:
    """Create the system roles that are missing. Safe to repeat.

    For tenants that exist when a release brings another one, a migration does the same.
    """
    Role.objects.bulk_create(
        [
            Role(code=code, name=str(name), description=str(description), is_system=True)
            for code, (name, description) in SYSTEM_ROLES.items()
        ],
        ignore_conflicts=True,
    )
