"""Who holds which role where. Nobody gives or takes more than they hold; an owner always remains."""

import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import allows, authorize, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.enums import BindingState
from apps.organizations.events import GroupRoleChanged, RoleBindingChanged
from apps.organizations.holders import is_lasting_owner
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.organizations.previews import AccessPreview, preview_end, preview_taking
from apps.organizations.selectors import (
    binding_for,
    member_for,
    organization_for,
    owners_exist_besides,
)
from apps.organizations.selectors_directory import group_locked
from apps.organizations.selectors_tree import require_open
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import OWNER, Role
from apps.roles.permissions import BIND_ROLE
from apps.roles.selectors import owner_role_locked, role_kept

TIMES_AHEAD = timedelta(days=3660)


@transaction.atomic
def binding_create(
    *,
    actor: Actor,
    role_id: uuid.UUID,
    organization_id: uuid.UUID,
    member_id: uuid.UUID | None = None,
    group_id: uuid.UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleBinding:
    """Give a member, or all members of a group, a role at an organization and below it.

    starts_at, ends_at: when it begins (None: now) and ends (None: never), at most ten years ahead. Locks
    the group. Publishes role_binding_changed or group_role_changed.
    Raises PermissionDenied (also for a role above the actor's own), ReauthenticationRequired (the owner
    role; groups of the directory), NotFound, InvalidInput (neither or both, times, an owner by the
    directory), Conflict (held already, or the member is not active),
    OrganizationArchived.
    """
    if (member_id is None) == (group_id is None):
        attr = "member_id" if member_id is None else "group_id"
        raise InvalidInput.field(attr, _("Choose a member or a group."), "required")
    actor = tree_kept(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, BIND_ROLE, organization)
    require_open(organization)
    starts_at, ends_at = times_validate(starts_at, ends_at)
    if member_id is not None:
        member = member_for(actor, member_id)
        if not member.is_active:
            raise Conflict(_("The member is deactivated."), code="member_not_active")
        role = grantable_roles(actor, [role_id], organization, attr="role_id")[0]
        return binding_give(
            actor, role, organization, member=member, starts_at=starts_at, ends_at=ends_at
        )
    group = group_locked(actor, group_id or uuid.UUID(int=0))
    check_group(actor, group)
    role = grantable_roles(actor, [role_id], organization, attr="role_id")[0]
    if role.code == OWNER and not group.is_local:
        raise InvalidInput.field(
            "role_id",
            _("A group of the identity provider never makes owners. Choose another role."),
            "owner",
        )
    return binding_give(
        actor, role, organization, group=group, starts_at=starts_at, ends_at=ends_at
    )


def check_group(actor: Actor, group: Group) -> None:
    """From then on the provider decides who holds what a group of the directory does."""
    if not group.is_local:
        authorize(actor, p.MANAGE_PROVISIONING)
        actor.require_recent_proof()


def times_validate(
    starts_at: datetime | None, ends_at: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """A start that has passed is now. Raises InvalidInput."""
    now = timezone.now()
    for attr, at in (("starts_at", starts_at), ("ends_at", ends_at)):
        if at is not None and at > now + TIMES_AHEAD:
            raise InvalidInput.field(attr, _("Use a time within the next ten years."), "too_far")
    if starts_at is not None and starts_at <= now:
        starts_at = None
    if ends_at is not None and ends_at <= (starts_at or now):
        raise InvalidInput.field(
            "ends_at", _("It has to end in the future, and after it starts."), "ends_too_early"
        )
    return starts_at, ends_at


def grantable_roles(
    actor: Actor, role_ids: list[uuid.UUID], organization: Organization, *, attr: str = "role_ids"
) -> list[Role]:
    """The roles, if the actor holds all that they allow at the organization.

    attr: the field of the input that named them.
    Raises InvalidInput (unknown role), PermissionDenied, ReauthenticationRequired (the owner role).
    """
    roles = list(Role.objects.filter(id__in=role_ids))
    if len(roles) != len(set(role_ids)):
        raise InvalidInput.field(attr, _("There is no such role."), "role_unknown")
    for role in roles:
        check_holds(actor, role, organization)
        if role.code == OWNER:
            actor.require_recent_proof()
    return roles


def holds_owner(actor: Actor) -> bool:
    """Whether the actor is an owner of the whole tenant, or the platform itself."""
    return actor.is_system or any(g.role == OWNER and g.is_root for g in actor.grants)


def check_holds(actor: Actor, role: Role, organization: Organization) -> None:
    """Raises PermissionDenied for a role that allows more than the actor holds at the organization."""
    if role.code == OWNER and not holds_owner(actor):
        raise PermissionDenied(_("Only an owner makes or unmakes owners."))
    declared = permissions()
    # Given in a part of the workspace, what holds in the whole of it only gives nobody anything.
    counts = {c for c in role.effective if organization.is_root() or declared[c].scoped}
    if not all(allows(actor, code, organization) for code in counts):
        raise PermissionDenied(
            _("The role “%s” allows more than you hold there yourself.") % role.name
        )


def check_may_bind(actor: Actor, binding: RoleBinding) -> None:
    """Before a binding is given to somebody else, changed or taken. Raises PermissionDenied."""
    authorize(actor, BIND_ROLE, binding.organization)
    check_holds(actor, binding.role, binding.organization)


def roles_bind(actor: Actor, member: Member, roles: list[Role], organization: Organization) -> None:
    """Give several roles that were checked before, for good; those that the member has so stay."""
    held = {
        binding.role_id: binding
        for binding in RoleBinding.objects.filter(member=member, organization=organization)
    }
    for role in roles:
        present = held.get(role.id)
        if present is not None and (present.starts_at or present.ends_at):
            binding_take(actor, present)
            present = None
        if present is None:
            binding_give(actor, role, organization, member=member)


def binding_give(
    actor: Actor,
    role: Role,
    organization: Organization,
    *,
    member: Member | None = None,
    group: Group | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleBinding:
    """Give a role that was checked before. One that has ended makes room for it.

    Keeps a custom role from being deleted. Publishes role_binding_changed or group_role_changed.
    Raises Conflict, InvalidInput (deleted since the checks).
    """
    if not role.is_system and not role_kept(role.id):
        raise InvalidInput.field("role_id", _("There is no such role."), "role_unknown")
    times = {"starts_at": starts_at, "ends_at": ends_at}
    what = {"member": member, "group": group, "role": role, "organization": organization}
    try:
        with transaction.atomic():
            binding = RoleBinding.objects.create(**what, **times)
    except IntegrityError as error:
        ended = RoleBinding.objects.filter(**what, ends_at__lte=timezone.now())
        if not ended.delete()[0]:
            raise Conflict(
                _("The group holds this role there already.")
                if group
                else _("The member holds this role there already."),
                code="exists",
            ) from error
        binding = RoleBinding.objects.create(**what, **times)
    binding_publish(actor, binding, "given")
    return binding


@transaction.atomic
def binding_end(
    *, actor: Actor, binding_id: uuid.UUID, ends_at: datetime | None, dry_run: bool = False
) -> tuple[RoleBinding, AccessPreview | None]:
    """Say when a binding ends, instead of what was said before; None: never.

    dry_run: only say what changes, at the moment from which on it does. Locks the owner role. Publishes
    role_binding_changed or group_role_changed.
    Raises PermissionDenied (also for a role above the actor's own), ReauthenticationRequired (the owner
    role), NotFound, InvalidInput, Conflict (last owner, ended already).
    """
    actor = tree_kept(actor)
    owner_role_locked()
    binding = binding_for(actor, binding_id)
    check_may_bind(actor, binding)
    if binding.group is not None:
        check_group(actor, binding.group)
    if binding.state == BindingState.ENDED:
        raise Conflict(_("It has ended. Give the role again."), code="ended")
    _starts_at, ends_at = times_validate(binding.starts_at, ends_at)
    if binding.role.code == OWNER:
        actor.require_recent_proof()
        if ends_at is not None:
            check_owner_remains(binding)
    if dry_run:
        return binding, preview_end(actor, binding, ends_at=ends_at)
    if ends_at != binding.ends_at:
        binding.ends_at, binding.end_told_at = ends_at, None
        binding.save(update_fields=["ends_at", "end_told_at", "updated_at"])
        binding_publish(actor, binding, "changed")
    return binding, None


@transaction.atomic
def binding_delete(
    *, actor: Actor, binding_id: uuid.UUID, dry_run: bool = False
) -> AccessPreview | None:
    """Take a role from a member or a group. dry_run: only say who loses what.

    Locks the owner role. Publishes role_binding_changed or group_role_changed.
    Raises PermissionDenied (also for a role above the actor's own), ReauthenticationRequired (groups of
    the directory), NotFound, Conflict (last owner).
    """
    actor = tree_kept(actor)
    owner_role_locked()
    binding = binding_for(actor, binding_id)
    check_may_bind(actor, binding)
    if binding.group is not None:
        check_group(actor, binding.group)
    if binding.role.code == OWNER:
        check_owner_remains(binding)
    if dry_run:
        return preview_taking(actor, [binding])
    binding_take(actor, binding)
    return None


def binding_take(actor: Actor, binding: RoleBinding) -> None:
    """Take a role, after the checks. Publishes role_binding_changed or group_role_changed."""
    binding_publish(actor, binding, "taken")
    binding.delete()


def check_owner_remains(binding: RoleBinding) -> None:
    """Before an owner's binding goes or is to end. Call under owner_role_locked(). Raises Conflict."""
    if binding.member is not None and binding.ends_at is None and binding.organization.is_root():
        check_not_last_owner(binding.member)


def check_not_last_owner(member: Member) -> None:
    """Call under owner_role_locked(). Raises Conflict."""
    if is_lasting_owner(member) and not owners_exist_besides(member.id):
        raise Conflict(
            _("This is the last owner. Make somebody else an owner first, without an end."),
            code="last_owner",
        )


def binding_publish(actor: Actor, binding: RoleBinding, change: str) -> None:
    """Raise the epochs of who holds it, and tell of it."""
    tenant_id = require_tenant().id
    if binding.member is not None:
        epochs.change(epochs.of_membership(tenant_id, binding.member.person_id))
        publish(
            RoleBindingChanged(
                member_id=binding.member.id,
                role=binding.role.code,
                organization_id=binding.organization_id,
                change=change,
            ),
            actor=actor,
        )
    elif binding.group is not None:
        # Of everybody: a group may have thousands.
        epochs.change(epochs.of_tenant(tenant_id))
        publish(
            GroupRoleChanged(
                group_id=binding.group.id,
                group=binding.group.display_name,
                role=binding.role.code,
                organization_id=binding.organization_id,
                change=change,
            ),
            actor=actor,
        )
