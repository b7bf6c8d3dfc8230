"""The end of a role that members and groups hold: roles are the app below, which knows no holders."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.organizations.models import RoleBinding
from apps.organizations.previews import AccessPreview, preview_taking
from apps.organizations.services.bindings import binding_take, check_may_bind
from apps.organizations.tree_lock import tree_kept
from apps.roles.permissions import MANAGE_ROLE
from apps.roles.selectors import role_locked
from apps.roles.services import role_delete


@transaction.atomic
def role_retire(
    *, actor: Actor, role_id: uuid.UUID, with_bindings: bool = False, dry_run: bool = False
) -> AccessPreview:
    """Delete a custom role; with its bindings only where that is said. dry_run: only say who loses what.

    Locks the role. Publishes role_binding_changed or group_role_changed for each binding, and
    roles.role_changed. Raises PermissionDenied (also where the actor could not take it), NotFound, Conflict
    (role_in_use, a system role).
    """
    actor = tree_kept(actor)
    authorize(actor, MANAGE_ROLE)
    role = role_locked(actor, role_id)
    if role.is_system:
        raise Conflict(_("System roles cannot be deleted."), code="system_role")
    bindings = list(
        RoleBinding.objects.filter(role=role)
        .select_related("role", "organization", "member", "group")
        .order_by("id")
    )
    for binding in bindings:
        check_may_bind(actor, binding)
    preview = preview_taking(actor, bindings)
    if dry_run:
        return preview
    if bindings and not with_bindings:
        raise Conflict(
            _("Members or groups hold this role. Say that it is taken from them."),
            code="role_in_use",
        )
    for binding in bindings:
        binding_take(actor, binding)
    role_delete(actor=actor, role_id=role.id)
    return preview
