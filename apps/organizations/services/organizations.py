"""The tree. Changes of it take its lock, so that concurrent ones wait for each other (`tree_lock`)."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.retrying import retrying
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.events import OrganizationChanged
from apps.organizations.limits import require_depth, require_room
from apps.organizations.models import Member, Organization
from apps.organizations.previews import AccessPreview, preview_moving
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_tree import require_open
from apps.organizations.tree_lock import tree_locked
from apps.roles.selectors_api_keys import api_keys_work_at


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What a move does: how many organizations move, and what members gain and lose in them."""

    organizations: int
    access: AccessPreview


def root_ensure(name: str) -> Organization:
    """The tenant's root organization, created if it is missing. For provisioning; safe to repeat."""
    root = Organization.objects.filter(depth=1).first()
    return root or Organization.objects.add_root(instance=Organization(name=name))


@transaction.atomic
def root_rename(*, actor: Actor, name: str) -> None:
    """Carry the workspace's new name to its root organization. Safe to repeat. Raises NotFound."""
    tree_locked(actor)
    root = Organization.objects.filter(depth=1).first()
    if root is None:
        raise NotFound
    if root.name != name:
        root.name = name
        root.save(update_fields=["name", "updated_at"])
        publish_change(actor, root, "renamed")


@transaction.atomic
def organization_create(*, actor: Actor, name: str, parent_id: uuid.UUID) -> Organization:
    """Add an organization as the last child of another. Publishes organization_changed.

    Raises PermissionDenied, NotFound (parent), InvalidInput, Conflict (too deep, too many),
    OrganizationArchived.
    """
    actor = tree_locked(actor)
    parent = organization_for(actor, parent_id)
    authorize(actor, p.CREATE_ORGANIZATION, parent)
    require_open(parent)
    name = name_validate(name, parent)
    require_depth(parent.depth + 1)
    require_room()
    child = Organization.objects.add_child(parent, instance=Organization(name=name))
    publish_change(actor, child, "created")
    return child


@transaction.atomic
def organization_rename(*, actor: Actor, organization_id: uuid.UUID, name: str) -> Organization:
    """Publishes organization_changed if the name differs. Raises Conflict for the root.

    The root has the workspace's name (root_rename).
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.UPDATE_ORGANIZATION, organization)
    if organization.is_root():
        raise Conflict(
            _("This is the workspace itself. Change its name in the settings."),
            code="root_organization",
        )
    parent = Organization.objects.get_parent(organization)
    name = name_validate(name, parent, but=organization.id)
    if name != organization.name:
        organization.name = name
        organization.save(update_fields=["name", "updated_at"])
        publish_change(actor, organization, "renamed")
    return organization


@retrying
@transaction.atomic
def organization_move(
    *, actor: Actor, organization_id: uuid.UUID, parent_id: uuid.UUID, dry_run: bool = False
) -> MovePreview:
    """Hang an organization, with all below it, under another. dry_run: only say what would change.

    Needs the permission at the organization and at its new parent. Raises PermissionDenied, NotFound,
    Conflict (the root, a cycle, too deep), OrganizationArchived (itself, or the new parent).
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    parent = organization_for(actor, parent_id)
    authorize(actor, p.MOVE_ORGANIZATION, organization)
    authorize(actor, p.MOVE_ORGANIZATION, parent)
    if organization.is_root():
        raise Conflict(_("The root cannot be moved."), code="root_organization")
    if parent == organization or parent.is_descendant_of(organization):
        raise Conflict(_("An organization cannot be moved below itself."), code="cycle")
    require_open(organization)
    require_open(parent)
    below = Organization.objects.filter(path__startswith=organization.path)
    deepest = max(below.values_list("depth", flat=True))
    require_depth(parent.depth + 1 + deepest - organization.depth)
    name_validate(organization.name, parent, but=organization.id)
    preview = MovePreview(below.count(), preview_moving(actor, organization, parent))
    if not dry_run and Organization.objects.get_parent(organization) != parent:
        Organization.objects.move(organization, parent, "last-child")
        publish_change(actor, organization, "moved")
    return preview


@retrying
@transaction.atomic
def organization_delete(*, actor: Actor, organization_id: uuid.UUID) -> None:
    """Delete an empty organization.

    Raises Conflict while it has children, members, roles bound or API keys that work.
    """
    actor = tree_locked(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.DELETE_ORGANIZATION, organization)
    if organization.is_root():
        raise Conflict(_("The root cannot be deleted."), code="root_organization")
    present = Member.objects.filter(organization=organization)
    if (
        not organization.is_leaf()
        or present.exclude(status=MemberStatus.REMOVED).exists()
        or organization.placements.exists()
        or organization.bindings.exists()
        or api_keys_work_at(organization.id)
    ):
        raise Conflict(
            _(
                "Move its members, roles and organizations elsewhere first, and revoke its API keys."
            ),
            code="organization_not_empty",
        )
    present.update(organization=Organization.objects.get_parent(organization))
    publish_change(actor, organization, "deleted")
    organization.delete()


def name_normalize(name: str) -> str:
    """As names are stored. Raises InvalidInput."""
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise InvalidInput.field("name", _("Use 1 to 100 printable characters."), "name_invalid")
    return name


def name_validate(name: str, parent: Organization | None, *, but: uuid.UUID | None = None) -> str:
    """As it is stored, and free among the children of the parent. Raises InvalidInput."""
    name = name_normalize(name)
    if parent is not None:
        siblings = Organization.objects.filter(
            path__startswith=parent.path, depth=parent.depth + 1, name__iexact=name
        )
        if any(sibling != but for sibling in siblings.values_list("id", flat=True)):
            raise InvalidInput.field(
                "name", _("There is one with this name at the same place."), "name_taken"
            )
    return name


def publish_change(actor: Actor, organization: Organization, change: str) -> None:
    """Publishes organization_changed; what processes know of the tenant's actors is void."""
    epochs.change(epochs.of_tenant(require_tenant().id))
    publish(
        OrganizationChanged(organization_id=organization.id, name=organization.name, change=change),
        actor=actor,
    )
