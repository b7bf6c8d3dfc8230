"""Groups that are made here: their names, who is in them, and their end.

Who comes into a group holds what the group does. So nobody puts somebody into one, or takes them out, who
could not give and take its roles themselves.
"""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Group, GroupMembership, Member, RoleBinding
from apps.organizations.previews import (
    AccessPreview,
    preview_joining,
    preview_leaving,
    preview_taking,
)
from apps.organizations.selectors import members_for
from apps.organizations.selectors_directory import group_locked
from apps.organizations.services.bindings import check_may_bind
from apps.organizations.services.groups import (
    group_drop,
    group_publish,
    group_save,
    name_validate,
    rights_changed,
)
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import OWNER

GROUPS_MAX = 1000
MEMBERS_AT_ONCE = 200


@transaction.atomic
def local_group_create(*, actor: Actor, name: str) -> Group:
    """Publishes group_changed. Raises PermissionDenied, InvalidInput, Conflict (name taken, too many)."""
    authorize(actor, p.MANAGE_GROUP)
    if Group.objects.filter(is_local=True).count() >= GROUPS_MAX:
        raise Conflict(_("A workspace can have 1,000 groups."), code="too_many")
    group = Group(display_name=name_validate(name, "name"), is_local=True)
    _save(group)
    group_publish(actor, group, "created")
    return group


@transaction.atomic
def local_group_rename(*, actor: Actor, group_id: uuid.UUID, name: str) -> Group:
    """Publishes group_changed if the name differs. Locks the group.

    Raises PermissionDenied, NotFound, InvalidInput, Conflict (name taken; of the directory).
    """
    group = _locked(actor, group_id)
    name = name_validate(name, "name")
    if name != group.display_name:
        group.display_name = name
        _save(group)
        group_publish(actor, group, "renamed")
    return group


@transaction.atomic
def local_group_delete(
    *, actor: Actor, group_id: uuid.UUID, dry_run: bool = False
) -> AccessPreview | None:
    """Delete a group and what it holds. dry_run: only say who loses what.

    Locks the group. Publishes group_changed. Raises PermissionDenied (also for roles above the actor's
    own), ReauthenticationRequired (owners), NotFound, Conflict (of the directory).
    """
    actor = tree_kept(actor)
    group = _locked(actor, group_id)
    bindings = _check_bindings(actor, group)
    if dry_run:
        return preview_taking(actor, bindings)
    group_drop(actor, group)
    return None


@transaction.atomic
def group_members_add(
    *, actor: Actor, group_id: uuid.UUID, member_ids: Iterable[uuid.UUID], dry_run: bool = False
) -> AccessPreview | None:
    """Put active members into a group, at most 200 at once; who is in it stays. dry_run: only say who gains.

    Locks the group. Publishes group_changed. Raises PermissionDenied (also for roles above the actor's
    own), ReauthenticationRequired (owners), NotFound (group), InvalidInput (members), Conflict (of the
    directory).
    """
    actor = tree_kept(actor)
    wanted = set(member_ids)
    if not 0 < len(wanted) <= MEMBERS_AT_ONCE:
        raise InvalidInput.field("member_ids", _("Choose 1 to 200 members."), "count")
    group = _locked(actor, group_id)
    members = {
        member.id: member
        for member in members_for(actor)
        .prefetch_related(None)
        .filter(id__in=wanted, status=MemberStatus.ACTIVE)
    }
    if unknown := wanted - members.keys():
        raise InvalidInput.field(
            "member_ids", _("No active member: %s.") % min(map(str, unknown)), "unknown"
        )
    _check_bindings(actor, group)
    added = wanted - set(group.memberships.values_list("member_id", flat=True))
    if dry_run:
        return preview_joining(actor, group.id, added)
    GroupMembership.objects.bulk_create(
        GroupMembership(group=group, member_id=member_id) for member_id in sorted(added)
    )
    if added:
        rights_changed(members[member_id].person_id for member_id in added)
        group_publish(actor, group, "members", added=len(added))
    return None


@transaction.atomic
def group_member_remove(
    *, actor: Actor, group_id: uuid.UUID, member_id: uuid.UUID, dry_run: bool = False
) -> AccessPreview | None:
    """Take a member out of a group. Safe to repeat. dry_run: only say what they lose.

    Locks the group. Publishes group_changed. Raises PermissionDenied (also for roles above the actor's
    own), ReauthenticationRequired (owners), NotFound (group), Conflict (of the directory).
    """
    actor = tree_kept(actor)
    group = _locked(actor, group_id)
    _check_bindings(actor, group)
    if dry_run:
        return preview_leaving(actor, group.id, [member_id])
    removed, _rows = group.memberships.filter(member_id=member_id).delete()
    if removed:
        rights_changed(Member.objects.filter(id=member_id).values_list("person_id", flat=True))
        group_publish(actor, group, "members", removed=removed)
    return None


def _locked(actor: Actor, group_id: uuid.UUID) -> Group:
    authorize(actor, p.MANAGE_GROUP)
    group = group_locked(actor, group_id)
    if not group.is_local:
        raise Conflict(
            _("The identity provider keeps this group. Change it there."), code="directory_group"
        )
    return group


def _check_bindings(actor: Actor, group: Group) -> list[RoleBinding]:
    """All that the group holds, if the actor may give and take it."""
    bindings = list(group.bindings.select_related("role", "organization", "group", "member"))
    for binding in bindings:
        check_may_bind(actor, binding)
        if binding.role.code == OWNER:
            actor.require_recent_proof()
    return bindings


def _save(group: Group) -> None:
    try:
        group_save(group)
    except Conflict as error:
        raise InvalidInput.field(
            "name", _("There is a group with this name already."), "name_taken"
        ) from error
