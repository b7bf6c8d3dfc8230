"""Reads of the tree beyond what the actor may see of it: what is archived, and what lies above."""

import uuid
from typing import Any

from django.db.models import F, QuerySet, Subquery

from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.organizations.errors import OrganizationArchived
from apps.organizations.models import Organization
from apps.organizations.selectors import organizations_for

ARCHIVED = ("exclude", "include", "only")


def open_organizations_for(actor: Actor) -> QuerySet[Organization]:
    """Those that the actor may see and that are not archived: where something can be made or put."""
    return organizations_for(actor).filter(archived_at=None)


def organizations_matching(
    organizations: QuerySet[Any],
    *,
    archived: str = "exclude",
    parent: uuid.UUID | None = None,
    q: str = "",
) -> QuerySet[Any]:
    """Narrow a query of organizations down.

    archived: one of ARCHIVED. parent: those directly below it. q: part of the name.
    """
    if archived != "include":
        organizations = organizations.filter(archived_at__isnull=archived == "exclude")
    if parent is not None:
        organizations = organizations.filter(parent_id=parent)
    return organizations.filter(name__icontains=q) if q else organizations


def require_open(organization: Organization, *, lock: bool = False) -> None:
    """Before something is made at an organization or put there. Raises OrganizationArchived.

    lock: it cannot be archived before the transaction ends. One statement, none without.
    """
    is_archived = organization.is_archived
    # The root never is, and a lock on it would make everybody wait.
    if lock and organization.depth > 1:
        found = Organization.objects.select_for_update(no_key=True).filter(id=organization.id)
        is_archived = found.values_list("archived_at", flat=True).get() is not None
    if is_archived:
        raise OrganizationArchived


def place_among_siblings(organization: Organization) -> int:
    """From 1, those that are not archived. One statement."""
    siblings = Organization.objects.filter(
        path__startswith=organization.path[: -Organization.steplen],
        depth=organization.depth,
        path__lte=organization.path,
        archived_at=None,
    )
    return siblings.count()


def organization_trail(actor: Actor, organization_id: uuid.UUID) -> list[Organization]:
    """An organization, and before it those above it that the actor may see, from the top. One statement.

    Raises NotFound.
    """
    target = Organization.objects.filter(id=organization_id).values("path")[:1]
    trail = list(
        organizations_for(actor)
        .annotate(target=Subquery(target))
        .filter(target__startswith=F("path"))
    )
    if not trail or trail[-1].id != organization_id:
        raise NotFound
    return trail


def ancestor_paths(path: str) -> list[str]:
    """The paths of what lies above, and its own, from the root down."""
    step = Organization.steplen
    return [path[: end + step] for end in range(0, len(path), step)]
