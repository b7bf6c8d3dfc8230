"""Members: joining, moving, and their status. The public membership index changes with them."""

import uuid

from django.db import transaction
from django.utils import timezone
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
from apps.organizations.enums import JoinRequestStatus, MemberStatus
from apps.organizations.events import MemberJoined, MemberMoved, MemberStatusChanged
from apps.organizations.holders import is_owner
from apps.organizations.models import (
    DirectoryUser,
    JoinRequest,
    Member,
    Organization,
    RoleBinding,
)
from apps.organizations.seats import require_seat
from apps.organizations.selectors import member_for, organization_for
from apps.organizations.selectors_tree import require_open
from apps.organizations.services.bindings import check_not_last_owner, holds_owner, roles_bind
from apps.organizations.services.directory import directory_forget, directory_locked
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import Role
from apps.roles.selectors import owner_role_locked


@transaction.atomic
def member_join(
    *, actor: Actor, person: Person, organization: Organization, roles: list[Role]
) -> Member:
    """Make a person a member with these roles; one who was removed or deactivated comes back.

    They come without their old roles and groups: who invites them back may hold less than these allow.
    The caller has decided that they may join (an invitation, provisioning). Safe to repeat. Publishes
    organizations.member_joined. Raises EntitlementExceeded.
    """
    member, _is_new = member_enter(
        actor=actor, person=person, organization=organization, roles=roles
    )
    return member


@transaction.atomic
def member_enter(
    *, actor: Actor, person: Person, organization: Organization, roles: list[Role]
) -> tuple[Member, bool]:
    """As member_join; also says whether they came in by this call."""
    require_seat(person.id)
    require_open(organization, lock=True)
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
            member.group_memberships.all().delete()
            member.placements.all().delete()
        member.save()
    roles_bind(actor, member, roles, organization)
    membership_add(actor=actor, person_id=person.id, tenant_id=require_tenant().id)
    if joined:
        publish(
            MemberJoined(member_id=member.id, person_id=person.id, email=member.email), actor=actor
        )
        # Whoever let them in has answered what they asked.
        JoinRequest.objects.filter(person_id=person.id, status=JoinRequestStatus.PENDING).update(
            status=JoinRequestStatus.APPROVED, decided_at=timezone.now(), member=member
        )
    return member, joined


@transaction.atomic
def member_move(*, actor: Actor, member_id: uuid.UUID, organization_id: uuid.UUID) -> Member:
    """Change a member's primary organization; roles stay where they are bound, further places too.

    Locks the member. Publishes organizations.member_moved. Raises PermissionDenied, NotFound,
    OrganizationArchived.
    """
    actor = tree_kept(actor)
    member = member_locked(actor, member_id)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.UPDATE_MEMBER, member.organization)
    authorize(actor, p.UPDATE_MEMBER, organization)
    if member.organization_id != organization.id:
        require_open(organization, lock=True)
        member.placements.filter(organization=organization).delete()
        member.organization = organization
        member.save(update_fields=["organization", "updated_at"])
        publish(MemberMoved(member_id=member.id, organization_id=organization.id), actor=actor)
    return member


@transaction.atomic
def member_update_status(*, actor: Actor, member_id: uuid.UUID, status: MemberStatus) -> Member:
    """Deactivate, reactivate or remove a member; effective on their next request.

    Removing takes all roles, and the place in groups and in the directory. Locks the owner role, and for
    removing the directory. Publishes member_status_changed. Raises
    PermissionDenied (also for an owner, unless one is an owner oneself), NotFound, Conflict (last owner),
    EntitlementExceeded (reactivating).
    """
    actor = tree_kept(actor)
    if status == MemberStatus.REMOVED:
        directory_locked()
    owner_role_locked()
    member = member_for(actor, member_id)
    needed = p.REMOVE_MEMBER if status == MemberStatus.REMOVED else p.UPDATE_MEMBER
    leaves = member.id == actor.member_id and status == MemberStatus.REMOVED
    if not leaves:
        authorize(actor, needed, member.organization)
        check_owner_by_owner(actor, member)
    if status == member.status:
        return member
    if status != MemberStatus.ACTIVE:
        check_not_last_owner(member)
    if member.id == actor.member_id and status == MemberStatus.DEACTIVATED:
        raise Conflict(_("You can't deactivate yourself."), code="own_membership")
    if status == MemberStatus.ACTIVE:
        require_seat(member.person_id)
    member.status = status
    member.save(update_fields=["status", "updated_at"])
    tenant_id = require_tenant().id
    if status == MemberStatus.ACTIVE:
        membership_add(actor=actor, person_id=member.person_id, tenant_id=tenant_id)
    else:
        membership_remove(actor=actor, person_id=member.person_id, tenant_id=tenant_id)
    if status == MemberStatus.REMOVED:
        RoleBinding.objects.filter(member=member).delete()
        member.group_memberships.all().delete()
        member.placements.all().delete()
        directory_forget(member)
    publish(
        MemberStatusChanged(member_id=member.id, person_id=member.person_id, status=status),
        actor=actor,
    )
    return member


def member_locked(actor: Actor, member_id: uuid.UUID) -> Member:
    """A member whom the actor may see, locked: their places change one after the other. Raises NotFound."""
    Member.objects.select_for_update(no_key=True).filter(id=member_id).first()
    return member_for(actor, member_id)


def check_owner_by_owner(actor: Actor, member: Member) -> None:
    """Raises PermissionDenied where the member is an owner and the actor is none."""
    if holds_owner(actor):
        return
    if is_owner(member):
        raise PermissionDenied(_("Only an owner may do this to an owner."))


@transaction.atomic
def member_sync_person(person: Person) -> None:
    """Copy a person's e-mail and name to their member row in the entered tenant.

    Not where the tenant's identity provider has given them others.
    """
    epochs.change(epochs.of_membership(require_tenant().id, person.id))
    directory_locked()
    entries = DirectoryUser.objects.filter(member__person_id=person.id, is_managed=False)
    entries.update(display_name=person.name)
    if not DirectoryUser.objects.filter(user_name=person.email).exists():
        entries.update(user_name=person.email)
    Member.objects.filter(person_id=person.id).exclude(directory_user__is_managed=True).update(
        email=person.email, name=person.name
    )
