"""The table of which role a group of the identity provider gives."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.organizations.events import ProviderGroupRoleChanged
from apps.organizations.models import ProviderGroupRole
from apps.organizations.selectors import (
    organization_for,
    provider_group_roles_for,
    root_organization,
)
from apps.organizations.selectors_tree import require_open
from apps.organizations.services.bindings import grantable_roles
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import OWNER

MAX_ROWS, GROUP_MAX_LENGTH = 200, 120


@transaction.atomic
def provider_group_role_create(
    *,
    actor: Actor,
    group: str,
    role_id: uuid.UUID,
    organization_id: uuid.UUID | None = None,
) -> ProviderGroupRole:
    """Let a group give a role at an organization (None: in the whole workspace).

    Effective at each member's next sign-in by it. Publishes organizations.provider_group_role_changed.
    Raises PermissionDenied (also for a role above the actor's own), ReauthenticationRequired, InvalidInput,
    NotFound, Conflict.
    """
    actor = tree_kept(actor)
    authorize(actor, MANAGE_IDENTITY_PROVIDER)
    actor.require_recent_proof()
    group = group.strip()
    if not group or len(group) > GROUP_MAX_LENGTH or not group.isprintable():
        raise InvalidInput.field(
            "group", _("Enter the group's name, of at most %d characters.") % GROUP_MAX_LENGTH
        )
    organization = (
        organization_for(actor, organization_id) if organization_id else root_organization()
    )
    require_open(organization)
    role = grantable_roles(actor, [role_id], organization, attr="role_id")[0]
    if role.code == OWNER:
        raise InvalidInput.field(
            "role_id", _("A group never makes owners. Choose another role."), "role_owner"
        )
    if ProviderGroupRole.objects.count() >= MAX_ROWS:
        raise Conflict(_("A workspace has at most %d of these.") % MAX_ROWS, code="too_many")
    try:
        with transaction.atomic():
            row = ProviderGroupRole.objects.create(
                group=group, role=role, organization=organization
            )
    except IntegrityError as error:
        raise Conflict(_("This group gives this role there already."), code="exists") from error
    _publish(actor, row, "added")
    return row


@transaction.atomic
def provider_group_role_delete(*, actor: Actor, group_role_id: uuid.UUID) -> None:
    """Who holds the role keeps it; from now on it is given and taken by hand.

    Publishes organizations.provider_group_role_changed. Raises PermissionDenied, NotFound.
    """
    row = provider_group_roles_for(actor).filter(id=group_role_id).first()
    if row is None:
        raise NotFound
    _publish(actor, row, "removed")
    row.delete()


def _publish(actor: Actor, row: ProviderGroupRole, change: str) -> None:
    publish(
        ProviderGroupRoleChanged(
            group_role_id=row.id,
            group=row.group,
            role=row.role.code,
            organization_id=row.organization_id,
            change=change,
        ),
        actor=actor,
    )
