"""Where members belong besides their primary organization. It gives no role, and takes none."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import allows, authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.events import MemberMoved, MemberPlaced
from apps.organizations.models import Member, Organization, Placement
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_tree import require_open
from apps.organizations.services.members import member_locked
from apps.organizations.tree_lock import tree_kept

MAX_PLACEMENTS = 100


@transaction.atomic
def member_place(*, actor: Actor, member_id: uuid.UUID, organization_id: uuid.UUID) -> Member:
    """Let a member belong to an organization, too. Who may see members there sees them from then on.

    Locks the member. Publishes organizations.member_placed, nothing if they belong there already. Raises
    PermissionDenied, NotFound, Conflict (too many), OrganizationArchived.
    """
    actor = tree_kept(actor)
    member = member_locked(actor, member_id)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.UPDATE_MEMBER, organization)
    if member.organization_id == organization.id or _placement(member, organization) is not None:
        return member
    require_open(organization, lock=True)
    if member.placements.count() >= MAX_PLACEMENTS:
        raise Conflict(
            _("A member can belong to %d organizations besides the primary one.") % MAX_PLACEMENTS,
            code="too_many",
        )
    Placement.objects.create(member=member, organization=organization)
    _publish(actor, member, organization, "added")
    return member


@transaction.atomic
def member_unplace(*, actor: Actor, member_id: uuid.UUID, organization_id: uuid.UUID) -> Member:
    """Take a member out of an organization that is not their primary one.

    Who may change members there does, or where the member's primary organization is. Locks the member.
    Publishes organizations.member_placed. Raises PermissionDenied, NotFound, Conflict (the primary one).
    """
    actor = tree_kept(actor)
    member = member_locked(actor, member_id)
    if member.organization_id == organization_id:
        authorize(actor, p.UPDATE_MEMBER, member.organization)
        raise Conflict(
            _("This is their primary organization. Make another one the primary first."),
            code="primary_organization",
        )
    placement = (
        member.placements.filter(organization_id=organization_id)
        .select_related("organization")
        .first()
    )
    if placement is None:
        raise NotFound
    if not allows(actor, p.UPDATE_MEMBER, member.organization):
        authorize(actor, p.UPDATE_MEMBER, placement.organization)
    placement.delete()
    _publish(actor, member, placement.organization, "removed")
    return member


@transaction.atomic
def member_set_primary(*, actor: Actor, member_id: uuid.UUID, organization_id: uuid.UUID) -> Member:
    """Make one of a member's organizations the primary one; the one before stays a further one.

    Locks the member. Publishes organizations.member_moved if it differs. Raises PermissionDenied, NotFound
    (the organization, or the member is not in it), OrganizationArchived.
    """
    actor = tree_kept(actor)
    member = member_locked(actor, member_id)
    organization = organization_for(actor, organization_id)
    before = member.organization
    authorize(actor, p.UPDATE_MEMBER, before)
    authorize(actor, p.UPDATE_MEMBER, organization)
    if before.id == organization.id:
        return member
    placement = _placement(member, organization)
    if placement is None:
        raise NotFound
    require_open(organization, lock=True)
    placement.organization = before
    placement.save(update_fields=["organization", "updated_at"])
    member.organization = organization
    member.save(update_fields=["organization", "updated_at"])
    publish(MemberMoved(member_id=member.id, organization_id=organization.id), actor=actor)
    return member


def _placement(member: Member, organization: Organization) -> Placement | None:
    return member.placements.filter(organization=organization).first()


def _publish(actor: Actor, member: Member, organization: Organization, change: str) -> None:
    publish(
        MemberPlaced(member_id=member.id, organization_id=organization.id, change=change),
        actor=actor,
    )
