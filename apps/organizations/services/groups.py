"""Groups of a tenant's directory, which its identity provider keeps. What they hold is decided here."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.events import GroupChanged
from apps.organizations.models import DirectoryUser, Group, GroupMembership, Member
from apps.organizations.selectors_directory import group_locked
from apps.organizations.services.bindings import (
    binding_create,
    binding_take,
    check_group,
    check_may_bind,
)
from apps.organizations.services.directory import directory_locked, groups_touch
from apps.organizations.services.directory_data import EXTERNAL_ID_LENGTH
from apps.organizations.tree_lock import tree_kept

# From more members on, everybody reads anew what they hold.
MEMBERS_NAMED = 100
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class GroupData:
    """What the provider says of a group. user_ids: of directory users."""

    display_name: str
    external_id: str | None
    user_ids: frozenset[uuid.UUID]


@transaction.atomic
def group_create(*, actor: Actor, data: GroupData) -> Group:
    """Locks the directory. Publishes organizations.group_changed.

    Raises PermissionDenied, InvalidInput (also for an id that no user has), Conflict (uniqueness).
    """
    authorize(actor, p.UPDATE_MEMBER)
    data = _validate(data)
    directory_locked()
    group = Group(display_name=data.display_name, external_id=data.external_id)
    group_save(group)
    _add(group, data.user_ids)
    group_publish(actor, group, "created", added=len(data.user_ids))
    return group


@transaction.atomic
def group_change(
    *,
    actor: Actor,
    group_id: uuid.UUID,
    change: Callable[[Group, frozenset[uuid.UUID]], GroupData],
) -> Group:
    """Make a group what `change` says of the present one and its members.

    Locks the directory, then the group. Members get and lose what the group maps to. Publishes
    organizations.group_changed, and nothing if nothing changed.
    Raises PermissionDenied, NotFound, InvalidInput, Conflict (uniqueness), what `change` raises.
    """
    authorize(actor, p.UPDATE_MEMBER)
    directory_locked()
    group = _directory_group_locked(actor, group_id)
    present = frozenset(group.memberships.values_list("user_id", flat=True))
    data = _validate(change(group, present))
    added, removed = data.user_ids - present, present - data.user_ids
    renamed = (data.display_name, data.external_id) != (group.display_name, group.external_id)
    if not (added or removed or renamed):
        return group
    group.display_name, group.external_id = data.display_name, data.external_id
    group_save(group)
    _add(group, added)
    group.memberships.filter(user_id__in=removed).delete()
    members = Member.objects.filter(directory_user__in=added | removed)
    rights_changed(members.values_list("person_id", flat=True))
    group_publish(
        actor,
        group,
        "members" if added or removed else "renamed",
        added=len(added),
        removed=len(removed),
    )
    return group


@transaction.atomic
def group_delete(
    *, actor: Actor, group_id: uuid.UUID, check: Callable[[Group], None] = lambda _group: None
) -> None:
    """Delete a group; its members lose what it maps to. Locks the directory, then the group.

    check: is shown the locked group first. Publishes organizations.group_changed.
    Raises PermissionDenied, NotFound, what `check` raises.
    """
    authorize(actor, p.UPDATE_MEMBER)
    directory_locked()
    group = _directory_group_locked(actor, group_id)
    check(group)
    group_drop(actor, group)


@transaction.atomic
def group_map(
    *,
    actor: Actor,
    group_id: uuid.UUID,
    role_id: uuid.UUID | None,
    organization_id: uuid.UUID | None,
) -> Group:
    """Let the members of a group hold one role at one place, and through it nothing else; both None: nothing.

    As giving and taking bindings of the group (`binding_create`), whose rules hold. Locks the directory,
    then the group. Publishes group_role_changed for each.
    Raises PermissionDenied, ReauthenticationRequired, NotFound (group, organization), InvalidInput.
    """
    if (role_id is None) != (organization_id is None):
        attr = "role_id" if role_id is None else "organization_id"
        raise InvalidInput.field(attr, _("Choose a role and where it is held."), "required")
    actor = tree_kept(actor)
    directory_locked()
    group = group_locked(actor, group_id)
    check_group(actor, group)
    bindings = list(group.bindings.select_related("role", "organization", "group", "member"))
    kept = False
    for binding in bindings:
        if (binding.role_id, binding.organization_id) == (role_id, organization_id) and (
            binding.starts_at is None and binding.ends_at is None
        ):
            kept = True
            continue
        check_may_bind(actor, binding)
        binding_take(actor, binding)
    if role_id is not None and organization_id is not None and not kept:
        binding_create(
            actor=actor, group_id=group.id, role_id=role_id, organization_id=organization_id
        )
    if not (kept and len(bindings) == 1):
        groups_touch(Group.objects.filter(id=group.id))
    return group


def _directory_group_locked(actor: Actor, group_id: uuid.UUID) -> Group:
    group = group_locked(actor, group_id)
    if group.is_local:
        raise NotFound
    return group


def group_drop(actor: Actor, group: Group) -> None:
    """Delete a locked group, and with it what its members hold through it."""
    if group.bindings.exists():
        epochs.change(epochs.of_tenant(require_tenant().id))
    group_publish(actor, group, "deleted", removed=group.memberships.count())
    group.delete()


def rights_changed(person_ids: Iterable[uuid.UUID]) -> None:
    """Raise the epochs of members who hold something else from now on; of everybody where they are many."""
    tenant_id, people = require_tenant().id, list(person_ids)
    if len(people) > MEMBERS_NAMED:
        epochs.change(epochs.of_tenant(tenant_id))
    elif people:
        epochs.change(*(epochs.of_membership(tenant_id, person_id) for person_id in people))


def _add(group: Group, user_ids: frozenset[uuid.UUID]) -> None:
    known = set(DirectoryUser.objects.filter(id__in=user_ids).values_list("id", flat=True))
    if unknown := user_ids - known:
        raise InvalidInput.field(
            "members", _("There is no user %s.") % min(map(str, unknown)), "unknown"
        )
    GroupMembership.objects.bulk_create(
        GroupMembership(group=group, user_id=user_id) for user_id in sorted(user_ids)
    )


def name_validate(name: str, attr: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidInput.field(attr, _("Use 1 to 255 printable characters."), "name_invalid")
    return name


def _validate(data: GroupData) -> GroupData:
    name = name_validate(data.display_name, "displayName")
    external_id = data.external_id or None
    if external_id and (len(external_id) > EXTERNAL_ID_LENGTH or not external_id.isprintable()):
        raise InvalidInput.field(
            "externalId", _("Use at most 255 printable characters."), "max_length"
        )
    return GroupData(name, external_id, data.user_ids)


def group_save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Conflict(
            _("There is a group with this displayName or externalId already."), code="uniqueness"
        ) from error


def group_publish(
    actor: Actor, group: Group, change: str, *, added: int = 0, removed: int = 0
) -> None:
    publish(
        GroupChanged(
            group_id=group.id,
            name=group.display_name,
            change=change,
            added=added,
            removed=removed,
        ),
        actor=actor,
    )
