"""Members: joining, moving, and their status. The public membership index changes with them."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.accounts.models import Person
from apps.accounts.services import membership_add, membership_remove
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, PermissionDenied
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.events import MemberJoined, MemberMoved, MemberStatusChanged
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import member_for, organization_for
from apps.organizations.services.bindings import check_not_last_owner, holds_owner, roles_bind
from apps.roles.models import OWNER, Role
from apps.roles.selectors import owner_role_locked


@transaction.atomic
def member_join(
    *, actor: Actor, person: Person, organization: Organization, roles: list[Role]
) -> Member:
    """Make a person a member with these roles; one who was removed or deactivated comes back.

    They come without their old roles: who invites them back may hold less than these allow. The caller
    has decided that they may join (an invitation, provisioning). Safe to repeat. Publishes
    organizations.member_joined.
    """
    member, created = Member.objects.select_for_update().get_or_create(
        person_id=person.id,
        defaults={"email": person.email, "name": person.name, "organization": organization},
    )
    joined = created or member.status != MemberStatus.ACTIVE
    if not created:
        member.email, member.name, member.status = person.email, person.name, MemberStatus.ACTIVE
        if joined:
            member.organization = organization
            RoleBinding.objects.filter(member=member).delete()
        member.save()
    roles_bind(actor, member, roles, organization)
    membership_add(actor=actor, person_id=person.id, tenant_id=require_tenant().id)
    if joined:
        publish(
            MemberJoined(member_id=member.id, person_id=person.id, email=member.email), actor=actor
        )
    return member


@transaction.atomic
def member_move(*, actor: Actor, member_id: uuid.UUID, organization_id: uuid.UUID) -> Member:
    """Change a member's home organization; roles stay where they are bound."""
    member = member_for(actor, member_id)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.UPDATE_MEMBER, member.organization)
    authorize(actor, p.UPDATE_MEMBER, organization)
    if member.organization_id != organization.id:
        member.organization = organization
        member.save(update_fields=["organization", "updated_at"])
        publish(MemberMoved(member_id=member.id, organization_id=organization.id), actor=actor)
    return member


@transaction.atomic
def member_update_status(*, actor: Actor, member_id: uuid.UUID, status: MemberStatus) -> Member:
    """Deactivate, reactivate or remove a member; effective on their next request.

    Removing takes all roles. Locks the owner role. Publishes member_status_changed. Raises
    PermissionDenied (also for an owner, unless one is an owner oneself), NotFound, Conflict (last owner).
    """
    owner_role_locked()
    member = member_for(actor, member_id)
    needed = p.REMOVE_MEMBER if status == MemberStatus.REMOVED else p.UPDATE_MEMBER
    leaves = member.id == actor.member_id and status == MemberStatus.REMOVED
    if not leaves:
        authorize(actor, needed, member.organization)
        _check_owner_by_owner(actor, member)
    if status == member.status:
        return member
    if status != MemberStatus.ACTIVE:
        check_not_last_owner(member)
    if member.id == actor.member_id and status == MemberStatus.DEACTIVATED:
        raise Conflict(_("You can't deactivate yourself."), code="own_membership")
    member.status = status
    member.save(update_fields=["status", "updated_at"])
    tenant_id = require_tenant().id
    if status == MemberStatus.ACTIVE:
        membership_add(actor=actor, person_id=member.person_id, tenant_id=tenant_id)
    else:
        membership_remove(actor=actor, person_id=member.person_id, tenant_id=tenant_id)
    if status == MemberStatus.REMOVED:
        RoleBinding.objects.filter(member=member).delete()
    publish(
        MemberStatusChanged(member_id=member.id, person_id=member.person_id, status=status),
        actor=actor,
    )
    return member


def _check_owner_by_owner(actor: Actor, member: Member) -> None:
    if holds_owner(actor):
        return
    if member.bindings.filter(role__code=OWNER, organization__depth=1).exists():
        raise PermissionDenied(_("Only an owner may do this to an owner."))


@transaction.atomic
def member_sync_person(person: Person) -> None:
    """Copy a person's e-mail and name to their member row in the entered tenant."""
    epochs.change(epochs.of_membership(require_tenant().id, person.id))
    Member.objects.filter(person_id=person.id).update(email=person.email, name=person.name)
