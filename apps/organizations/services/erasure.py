"""Leaving every workspace for good, and being forgotten."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.erasure import erasure_begin
from apps.accounts.models import Erasure, Person
from apps.accounts.selectors import memberships_of
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services.bindings import check_not_last_owner
from apps.organizations.services.directory import directory_locked
from apps.organizations.services.members import member_update_status
from apps.roles.selectors import owner_role_locked
from apps.tenants.models import Tenant
from apps.tenants.selectors import IN_PROGRESS

LEAVES = Actor.system("erasure")


@system_connection()
@transaction.atomic
def person_erase(*, actor: Actor, person_id: uuid.UUID, reason: str = "") -> Erasure:
    """Forget a person: oneself, or by platform staff. They leave every workspace and cannot sign in.

    Locks the directory and the owner role of each of their workspaces, in the order of memberships. Publishes
    organizations.member_status_changed for each, accounts.person_erasure_requested. Raises NotFound,
    ReauthenticationRequired (oneself), Conflict: the last owner of a workspace, also of one that is being
    made; it has to be handed over or deleted first.
    """
    if not actor.is_platform:
        if actor.person_id != person_id:
            raise NotFound
        actor.require_recent_proof()
    person = Person.objects.filter(id=person_id).first()
    if person is None:
        raise NotFound
    made = Tenant.objects.filter(owner_person_id=person_id, status__in=IN_PROGRESS)
    held_by = [tenant.name for tenant in made]
    held_by += [
        membership.tenant.name
        for membership in memberships_of(person)
        if membership.tenant.purge_started_at is None and not _leave(membership.tenant, person)
    ]
    if held_by:
        raise Conflict(
            _("Make somebody else an owner first, or delete the workspace: %s.")
            % ", ".join(sorted(held_by)),
            code="last_owner",
        )
    return erasure_begin(actor=actor, person_id=person_id, reason=reason)


def _leave(tenant: Tenant, person: Person) -> bool:
    """False where nobody else is an owner."""
    with tenant_context(tenant):
        member = Member.objects.filter(person_id=person.id, status=MemberStatus.ACTIVE).first()
        if member is None:
            return True
        directory_locked()
        owner_role_locked()
        try:
            check_not_last_owner(member)
        except Conflict:
            return False
        member_update_status(actor=LEAVES, member_id=member.id, status=MemberStatus.REMOVED)
        return True


@system_connection()
def owned_alone(person: Person) -> list[Tenant]:
    """The workspaces that nobody else owns: what stands in the way of an erasure."""
    found = list(Tenant.objects.filter(owner_person_id=person.id, status__in=IN_PROGRESS))
    for membership in memberships_of(person):
        tenant = membership.tenant
        if tenant.purge_started_at is not None:
            continue
        with tenant_context(tenant):
            member = Member.objects.filter(person_id=person.id, status=MemberStatus.ACTIVE).first()
            if member is None:
                continue
            try:
                check_not_last_owner(member)
            except Conflict:
                found.append(tenant)
    return found
