"""Who holds which role where. Nobody gives or takes more than they hold; an owner always remains."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import allows, authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations.enums import MemberStatus
from apps.organizations.events import RoleBindingChanged
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import (
    bindings_for,
    member_for,
    organization_for,
    owners_exist_besides,
)
from apps.organizations.selectors_tree import require_open
from apps.roles.models import OWNER, Role, role_permissions
from apps.roles.permissions import BIND_ROLE
from apps.roles.selectors import owner_role_locked


@transaction.atomic
def binding_create(
    *, actor: Actor, member_id: uuid.UUID, role_id: uuid.UUID, organization_id: uuid.UUID
) -> RoleBinding:
    """Give a member a role at an organization. Publishes role_binding_changed.

    Raises PermissionDenied (also for a role above the actor's own), NotFound, InvalidInput, Conflict
    (the member has it already, or is not active), OrganizationArchived.
    """
    organization = organization_for(actor, organization_id)
    authorize(actor, BIND_ROLE, organization)
    require_open(organization)
    member = member_for(actor, member_id)
    if not member.is_active:
        raise Conflict(_("The member is deactivated."), code="member_not_active")
    role = grantable_roles(actor, [role_id], organization, attr="role_id")[0]
    return binding_give(actor, member, role, organization)


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
    codes = role_permissions(role.code, role.is_system, role.permissions)
    if not all(allows(actor, code, organization) for code in codes):
        raise PermissionDenied(
            _("The role “%s” allows more than you hold there yourself.") % role.name
        )


def roles_bind(actor: Actor, member: Member, roles: list[Role], organization: Organization) -> None:
    """Give several roles that were checked before; those that the member has already stay."""
    held = set(
        RoleBinding.objects.filter(member=member, organization=organization).values_list(
            "role_id", flat=True
        )
    )
    for role in roles:
        if role.id not in held:
            binding_give(actor, member, role, organization)


def binding_give(
    actor: Actor, member: Member, role: Role, organization: Organization
) -> RoleBinding:
    """Give a role that was checked before. Publishes role_binding_changed. Raises Conflict."""
    try:
        with transaction.atomic():
            binding = RoleBinding.objects.create(
                member=member, role=role, organization=organization
            )
    except IntegrityError as error:
        raise Conflict(_("The member holds this role there already."), code="exists") from error
    _publish(actor, binding, "given")
    return binding


@transaction.atomic
def binding_delete(*, actor: Actor, binding_id: uuid.UUID) -> None:
    """Take a role from a member. Locks the owner role. Publishes role_binding_changed.

    Raises PermissionDenied (also for a role above the actor's own), NotFound, Conflict (last owner,
    a role that comes with a group).
    """
    owner_role_locked()
    binding = bindings_for(actor).filter(id=binding_id).first()
    if binding is None:
        raise NotFound
    authorize(actor, BIND_ROLE, binding.organization)
    check_holds(actor, binding.role, binding.organization)
    if binding.by_group:
        raise Conflict(
            _("This role comes with a group. Take the member from the group where it is kept."),
            code="held_by_group",
        )
    if binding.role.code == OWNER:
        check_not_last_owner(binding.member)
    binding_take(actor, binding)


def binding_take(actor: Actor, binding: RoleBinding) -> None:
    """Take a role, after the checks. Publishes role_binding_changed."""
    _publish(actor, binding, "taken")
    binding.delete()


def check_not_last_owner(member: Member) -> None:
    """Call under owner_role_locked(). Raises Conflict."""
    is_owner = RoleBinding.objects.filter(
        member=member, role__code=OWNER, organization__depth=1
    ).exists()
    if is_owner and member.status == MemberStatus.ACTIVE and not owners_exist_besides(member.id):
        raise Conflict(
            _("This is the last owner. Make somebody else an owner first."), code="last_owner"
        )


def _publish(actor: Actor, binding: RoleBinding, change: str) -> None:
    epochs.change(epochs.of_membership(require_tenant().id, binding.member.person_id))
    publish(
        RoleBindingChanged(
            member_id=binding.member_id,
            role=binding.role.code,
            organization_id=binding.organization_id,
            change=change,
        ),
        actor=actor,
    )
