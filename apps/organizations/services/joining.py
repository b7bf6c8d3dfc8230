"""Joining by the verified domain of one's address: at once, or by a request that somebody decides."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain, Person
from apps.accounts.selectors import is_email_verified, person_by_id
from apps.accounts.selectors_email_domains import email_domain_of
from apps.accounts.services import person_lock
from apps.common.access import authorize
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import tenant_context
from apps.events.services import publish
from apps.organizations.enums import JoinRequestStatus
from apps.organizations.events import (
    JoinRequestApproved,
    JoinRequestDeclined,
    JoinRequested,
    MemberAdmitted,
)
from apps.organizations.models import JoinRequest, Member
from apps.organizations.permissions import INVITE_MEMBER
from apps.organizations.selectors import organization_for, root_organization
from apps.organizations.selectors_joining import ask_again_at, join_request_for
from apps.organizations.services.bindings import grantable_roles
from apps.organizations.services.members import member_enter, member_join
from apps.organizations.tree_lock import tree_kept
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id

# What somebody who lets themselves in may do.
JOINING_ROLE = "member"


@dataclass(frozen=True, slots=True)
class Joining:
    """What came of it: a member, or a request that waits."""

    tenant: Tenant
    member: Member | None
    request: JoinRequest | None


@transaction.atomic
def tenant_join(*, person: Person, tenant_id: uuid.UUID) -> Joining:
    """Join a workspace by the domain of one's verified address, or ask to. Again is harmless.

    Publishes organizations.member_joined and member_admitted, or join_requested. Raises NotFound (no such
    workspace, or it is not open to this person: they may not know that it is there), Conflict (declined
    lately; no seat is left), Unavailable (maintenance). Locks the person, so that two tries take turns.
    """
    tenant = tenant_by_id(tenant_id)
    if tenant is None or not tenant.is_ready:
        raise NotFound
    domain = _open_domain(person, tenant)
    if unavailable := tenant.unavailable:
        raise unavailable
    person_lock(person.id)
    actor = Actor(ActorKind.PERSON, person.email, person_id=person.id, tenant_id=tenant.id)
    with tenant_context(tenant):
        member = Member.objects.select_for_update().filter(person_id=person.id).first()
        if member is not None and member.is_active:
            return Joining(tenant, member, None)
        # Who was removed or deactivated needs somebody's consent.
        if member is None and domain.join_mode == JoinMode.AUTOMATIC:
            return Joining(tenant, _admit(actor, person, domain), None)
        return Joining(tenant, None, _ask(actor, person))


@transaction.atomic
def join_request_approve(
    *,
    actor: Actor,
    join_request_id: uuid.UUID,
    role_ids: list[uuid.UUID],
    organization_id: uuid.UUID,
) -> JoinRequest:
    """Let the person in, with roles no higher than the actor's own there.

    Locks the request. Publishes organizations.member_joined and join_request_approved. Raises
    PermissionDenied (also for roles above the actor's own), NotFound, InvalidInput, Conflict (decided
    already; the person's account is closed; no seat is left).
    """
    actor = tree_kept(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, INVITE_MEMBER, organization)
    if not role_ids:
        raise InvalidInput.field("role_ids", _("Choose at least one role."), "required")
    roles = grantable_roles(actor, role_ids, organization)
    request = _lock_pending(actor, join_request_id)
    person = person_by_id(request.person_id)
    if person is None or not person.is_active:
        raise Conflict(_("This person's account is closed."), code="person_inactive")
    member = member_join(actor=actor, person=person, organization=organization, roles=roles)
    _decide(actor, request, JoinRequestStatus.APPROVED, member)
    publish(
        JoinRequestApproved(
            join_request_id=request.id, person_id=request.person_id, email=request.email
        ),
        actor=actor,
    )
    return request


@transaction.atomic
def join_request_decline(*, actor: Actor, join_request_id: uuid.UUID) -> JoinRequest:
    """Refuse a request, for which one has to be allowed to invite in the whole workspace.

    Locks the request. Publishes organizations.join_request_declined. Raises PermissionDenied, NotFound,
    Conflict (decided already).
    """
    authorize(actor, INVITE_MEMBER)
    request = _lock_pending(actor, join_request_id)
    _decide(actor, request, JoinRequestStatus.DECLINED, None)
    publish(
        JoinRequestDeclined(
            join_request_id=request.id, person_id=request.person_id, email=request.email
        ),
        actor=actor,
    )
    return request


def _open_domain(person: Person, tenant: Tenant) -> EmailDomain:
    """The tenant's domain that lets this person in. Raises NotFound."""
    domain = email_domain_of(tenant, person.email) if person.is_active else None
    # The database holds that joining is off where the proof is missing.
    if domain is None or domain.join_mode == JoinMode.OFF or not is_email_verified(person):
        raise NotFound
    return domain


def _admit(actor: Actor, person: Person, domain: EmailDomain) -> Member:
    member, is_new = member_enter(
        actor=actor,
        person=person,
        organization=root_organization(),
        roles=[role_by_code(JOINING_ROLE)],
    )
    if is_new:
        publish(
            MemberAdmitted(member_id=member.id, email_domain_id=domain.id, domain=domain.domain),
            actor=actor,
        )
    return member


def _ask(actor: Actor, person: Person) -> JoinRequest:
    """The person's request, new unless one waits; the person is locked. Raises Conflict."""
    last = JoinRequest.objects.filter(person_id=person.id).order_by("-id").first()
    if last is not None and last.is_pending:
        return last
    again_at = ask_again_at(last)
    if again_at is not None and again_at > timezone.now():
        raise Conflict(
            _("Your last request was declined. You can ask again in a few days."),
            code="join_declined",
        )
    request = JoinRequest.objects.create(person_id=person.id, email=person.email, name=person.name)
    publish(
        JoinRequested(join_request_id=request.id, person_id=person.id, email=person.email),
        actor=actor,
    )
    return request


def _lock_pending(actor: Actor, join_request_id: uuid.UUID) -> JoinRequest:
    """Raises NotFound, Conflict."""
    seen = join_request_for(actor, join_request_id)
    request = JoinRequest.objects.select_for_update().get(id=seen.id)
    if not request.is_pending:
        raise Conflict(_("Somebody has decided this request already."), code="join_request_closed")
    return request


def _decide(
    actor: Actor, request: JoinRequest, status: JoinRequestStatus, member: Member | None
) -> None:
    request.status, request.decided_at = status, timezone.now()
    request.decided_by_id, request.member = actor.member_id, member
    request.save(update_fields=["status", "decided_at", "decided_by", "member", "updated_at"])
