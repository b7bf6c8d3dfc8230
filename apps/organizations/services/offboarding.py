"""A member leaves, and what they owned goes to somebody."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.common.retrying import retrying
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.events import MemberOffboarded
from apps.organizations.models import Member
from apps.organizations.offboarding import Owned, ownables, owned_by
from apps.organizations.selectors import member_for
from apps.organizations.services.directory import directory_locked
from apps.organizations.services.members import check_owner_by_owner, member_update_status
from apps.organizations.tree_lock import tree_kept
from apps.roles.selectors import owner_role_locked


@retrying
@transaction.atomic
def member_offboard(
    *, actor: Actor, member_id: uuid.UUID, successor_id: uuid.UUID, dry_run: bool = False
) -> list[Owned]:
    """Hand over everything that a member owns to another, then remove them; returns what it was.

    dry_run: only say what it would be. Locks the owner role and both members, in the order of ids. Publishes
    organizations.member_offboarded and what each kind and the removal publish. Raises PermissionDenied (also
    for an owner, unless one is an owner oneself), NotFound, InvalidInput (who cannot take over).
    """
    actor = tree_kept(actor)
    directory_locked()
    owner_role_locked()
    member = member_for(actor, member_id)
    if member.id != actor.member_id:
        authorize(actor, p.REMOVE_MEMBER, member.organization)
        check_owner_by_owner(actor, member)
    successor = _successor(actor, member, successor_id)
    list(
        Member.objects.select_for_update()
        .filter(id__in=[member.id, successor.id])
        .order_by("id")
        .values_list("id")
    )
    owned = owned_by(member)
    if dry_run:
        return owned
    for one in ownables():
        if one.code in {each.code for each in owned}:
            one.hand_over(actor, member, successor)
    publish(
        MemberOffboarded(
            member_id=member.id,
            successor_id=successor.id,
            handed_over=", ".join(f"{one.code}: {one.count}" for one in owned),
        ),
        actor=actor,
    )
    member_update_status(actor=actor, member_id=member.id, status=MemberStatus.REMOVED)
    return owned


def _successor(actor: Actor, member: Member, successor_id: uuid.UUID) -> Member:
    try:
        successor = member_for(actor, successor_id)
    except NotFound as error:
        raise InvalidInput.field(
            "successor_id", _("There is no such member."), "unknown"
        ) from error
    if successor.id == member.id or not successor.is_active:
        raise InvalidInput.field(
            "successor_id", _("Choose another member, who is active."), "cannot_take_over"
        )
    return successor
