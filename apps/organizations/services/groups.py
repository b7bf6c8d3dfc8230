"""Groups of a tenant's directory: kept by its identity provider, mapped to roles by its administrators."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.events import GroupChanged
from apps.organizations.models import DirectoryUser, Group, GroupMembership
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_tree import require_open
from apps.organizations.services.bindings import grantable_roles
from apps.organizations.services.directory import directory_locked
from apps.organizations.services.directory_data import EXTERNAL_ID_LENGTH
from apps.organizations.services.group_roles import group_roles_sync
from apps.roles.models import OWNER
from apps.roles.permissions import BIND_ROLE

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
    _save(group)
    _add(group, data.user_ids)
    _publish(actor, group, "created", added=len(data.user_ids))
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
    group = group_locked(group_id)
    present = frozenset(group.memberships.values_list("user_id", flat=True))
    data = _validate(change(group, present))
    added, removed = data.user_ids - present, present - data.user_ids
    renamed = (data.display_name, data.external_id) != (group.display_name, group.external_id)
    if not (added or removed or renamed):
        return group
    group.display_name, group.external_id = data.display_name, data.external_id
    _save(group)
    _add(group, added)
    group.memberships.filter(user_id__in=removed).delete()
    if group.role_id:
        _sync(actor, added | removed)
    _publish(
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
    group = group_locked(group_id)
    check(group)
    members = frozenset(group.memberships.values_list("user_id", flat=True))
    group.memberships.all().delete()
    if group.role_id:
        _sync(actor, members)
    _publish(actor, group, "deleted", removed=len(members))
    group.delete()


@transaction.atomic
def group_map(
    *,
    actor: Actor,
    group_id: uuid.UUID,
    role_id: uuid.UUID | None,
    organization_id: uuid.UUID | None,
) -> Group:
    """Say which role the members of a group hold, and where; both None: none any more.

    From then on the provider decides who holds it, so it is never the owner's, and no higher than the
    actor's own; neither is the one that it maps to now. Locks the directory, then the group.
    Publishes organizations.group_changed, and what the members get and lose.
    Raises PermissionDenied, ReauthenticationRequired, NotFound (group, organization), InvalidInput.
    """
    authorize(actor, p.MANAGE_PROVISIONING)
    actor.require_recent_proof()
    if (role_id is None) != (organization_id is None):
        attr = "role_id" if role_id is None else "organization_id"
        raise InvalidInput.field(attr, _("Choose a role and where it is held."), "required")
    directory_locked()
    group = group_locked(group_id)
    if (role_id, organization_id) == (group.role_id, group.organization_id):
        return group
    if group.organization is not None and group.role_id is not None:
        authorize(actor, BIND_ROLE, group.organization)
        grantable_roles(actor, [group.role_id], group.organization, attr="role_id")
    group.role = group.organization = None
    if role_id is not None and organization_id is not None:
        organization = organization_for(actor, organization_id)
        authorize(actor, BIND_ROLE, organization)
        require_open(organization)
        role = grantable_roles(actor, [role_id], organization, attr="role_id")[0]
        if role.code == OWNER:
            raise InvalidInput.field(
                "role_id", _("A group never makes owners. Choose another role."), "owner"
            )
        group.role, group.organization = role, organization
    group.save(update_fields=["role", "organization", "updated_at"])
    _sync(actor, frozenset(group.memberships.values_list("user_id", flat=True)))
    _publish(actor, group, "mapped" if group.role else "unmapped")
    return group


def group_locked(group_id: uuid.UUID) -> Group:
    group = (
        Group.objects.select_for_update(of=("self",))
        .select_related("role", "organization")
        .filter(id=group_id)
        .first()
    )
    if group is None:
        raise NotFound
    return group


def _add(group: Group, user_ids: frozenset[uuid.UUID]) -> None:
    known = set(DirectoryUser.objects.filter(id__in=user_ids).values_list("id", flat=True))
    if unknown := user_ids - known:
        raise InvalidInput.field(
            "members", _("There is no user %s.") % min(map(str, unknown)), "unknown"
        )
    GroupMembership.objects.bulk_create(
        GroupMembership(group=group, user_id=user_id) for user_id in sorted(user_ids)
    )


def _sync(actor: Actor, user_ids: frozenset[uuid.UUID]) -> None:
    members = DirectoryUser.objects.filter(id__in=user_ids, member__isnull=False)
    group_roles_sync(actor, list(members.values_list("member_id", flat=True)))


def _validate(data: GroupData) -> GroupData:
    name = " ".join(data.display_name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidInput.field(
            "displayName", _("Use 1 to 255 printable characters."), "name_invalid"
        )
    external_id = data.external_id or None
    if external_id and (len(external_id) > EXTERNAL_ID_LENGTH or not external_id.isprintable()):
        raise InvalidInput.field(
            "externalId", _("Use at most 255 printable characters."), "max_length"
        )
    return GroupData(name, external_id, data.user_ids)


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Conflict(
            _("There is a group with this displayName or externalId already."), code="uniqueness"
        ) from error


def _publish(actor: Actor, group: Group, change: str, *, added: int = 0, removed: int = 0) -> None:
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
