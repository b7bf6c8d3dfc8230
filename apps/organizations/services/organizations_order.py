"""The order of organizations among those that have the same parent, and what is archived."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.organizations import permissions as p
from apps.organizations.models import Organization
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_tree import require_open
from apps.organizations.services.organizations import publish_change
from apps.organizations.tree_lock import tree_locked


@transaction.atomic
def organization_reorder(
    *, actor: Actor, organization_id: uuid.UUID, position: int
) -> Organization:
    """Put an organization, with all below it, at a place among its siblings that are not archived.

    position: from 1; beyond the last it is the last. It changes nobody's access, so it needs the
    permission to change their parent, not the one to move. Publishes organization_changed if the order
    differs. Locks the tree. Raises PermissionDenied, NotFound, Conflict (the root), OrganizationArchived.
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    if organization.is_root():
        raise Conflict(_("The root has no siblings."), code="root_organization")
    parent = Organization.objects.get_parent(organization)
    authorize(actor, p.UPDATE_ORGANIZATION, parent)
    require_open(organization)
    siblings = list(
        Organization.objects.filter(
            path__startswith=parent.path, depth=organization.depth, archived_at=None
        ).order_by("path")
    )
    ids = [one.id for one in siblings]
    now, wanted = ids.index(organization.id), max(1, min(position, len(ids))) - 1
    if wanted != now:
        target = siblings[wanted]
        Organization.objects.move(organization, target, "left" if wanted < now else "right")
        publish_change(actor, organization, "reordered")
    return organization_for(actor, organization_id)


@transaction.atomic
def organization_archive(*, actor: Actor, organization_id: uuid.UUID) -> Organization:
    """Archive an organization with all below it. What is archived already there stays so by itself.

    Nothing can be made, bound, moved or placed there until it is restored; who belongs there or holds a role
    there keeps both. Locks the tree, and each of them. Publishes organization_changed. Safe to repeat.
    Raises PermissionDenied, NotFound, Conflict (the root).
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.ARCHIVE_ORGANIZATION, organization)
    archive(actor, organization)
    return organization_for(actor, organization_id)


def archive(actor: Actor, organization: Organization) -> bool:
    """Whether it was not archived yet. Call under tree_locked(), after the checks. Raises Conflict."""
    if organization.is_root():
        raise Conflict(_("The workspace itself cannot be archived."), code="root_organization")
    if organization.is_archived:
        return False
    now = timezone.now()
    Organization.objects.filter(path__startswith=organization.path, archived_at=None).update(
        archived_at=now, archived_with=organization.id, updated_at=now
    )
    publish_change(actor, organization, "archived")
    return True


@transaction.atomic
def organization_restore(*, actor: Actor, organization_id: uuid.UUID) -> Organization:
    """Bring back what was archived with this organization: it, and what lay below and was not archived then.

    Locks the tree. Publishes organization_changed. Safe to repeat. Raises PermissionDenied, NotFound,
    Conflict (it was archived with one above).
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.ARCHIVE_ORGANIZATION, organization)
    restore(actor, organization)
    return organization_for(actor, organization_id)


def restore(actor: Actor, organization: Organization) -> bool:
    """Whether it was archived. Call under tree_locked(), after the checks. Raises Conflict."""
    if not organization.is_archived:
        return False
    if Organization.objects.get_parent(organization).is_archived:
        raise Conflict(
            _("The organization above it is archived. Restore that one first."),
            code="parent_archived",
        )
    Organization.objects.filter(archived_with=organization.archived_with).update(
        archived_at=None, archived_with=None, updated_at=timezone.now()
    )
    publish_change(actor, organization, "restored")
    return True
