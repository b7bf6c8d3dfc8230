"""Invitations: created by a member, sent by a worker, accepted once by the person they are for."""

import uuid
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.validators import validate_printable
from apps.common.access import allows, authorize
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, Gone, InvalidInput, NotFound, PermissionDenied
from apps.common.ids import uuid7
from apps.common.tenancy import require_tenant, tenant_context
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.actors import actor_of_member
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.events import InvitationAccepted, InvitationRevoked, MemberInvited
from apps.organizations.invitation_tokens import token_read
from apps.organizations.models import Invitation, Member
from apps.organizations.seats import require_seat_to_invite
from apps.organizations.selectors import invitation_for, organization_for
from apps.organizations.services.bindings import check_holds, grantable_roles
from apps.organizations.services.inviting import AGAIN, InvitingRules, invitations_count
from apps.organizations.services.members import member_join
from apps.organizations.tree_lock import tree_keep, tree_kept
from apps.roles.models import Role
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@transaction.atomic
def invitation_create(
    *, actor: Actor, email: str, role_ids: list[uuid.UUID], organization_id: uuid.UUID
) -> Invitation:
    """Invite a person by e-mail. Publishes organizations.member_invited, on which the mail is sent.

    Raises PermissionDenied (also for roles above the actor's own), InvalidInput, NotFound
    (organization), Conflict (member or invited already; the organization is archived, or its settings
    refuse it), EntitlementExceeded, RateLimited.
    """
    actor = tree_kept(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.INVITE_MEMBER, organization)
    email = email_validate(email)
    if not role_ids:
        raise InvalidInput.field("role_ids", _("Choose at least one role."), "required")
    roles = grantable_roles(actor, role_ids, organization)
    rules = InvitingRules(actor)
    rules.require(organization, email)
    if Member.objects.filter(email__iexact=email, status=MemberStatus.ACTIVE).exists():
        raise Conflict(_("This person is a member already."), code="already_member")
    require_seat_to_invite()
    invitations_count(actor)
    _close_expired(email)
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                email=email,
                organization=organization,
                role_ids=[role.id for role in roles],
                invited_by_id=actor.member_id,
                expires_at=rules.expiry(organization),
            )
    except IntegrityError as error:
        raise Conflict(
            _("This person is invited already. Resend the invitation instead."),
            code="already_invited",
        ) from error
    publish(MemberInvited(invitation_id=invitation.id, email=email), actor=actor)
    return invitation


@transaction.atomic
def invitation_resend(*, actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Send a pending or expired invitation again with a new link; the old link stops working.

    Whoever sends it again is the inviter from now on, whose roles count when it is accepted. Publishes
    organizations.member_invited. Raises PermissionDenied (also for roles above the actor's own), NotFound,
    Conflict (closed; the organization is archived, or its settings refuse it), EntitlementExceeded (an
    expired one holds no seat), RateLimited.
    """
    actor = tree_kept(actor)
    invitation = _lock_open(actor, invitation_id)
    grantable_roles(actor, invitation.role_ids, invitation.organization)
    rules = InvitingRules(actor)
    rules.require(invitation.organization, invitation.email)
    if invitation.status == InvitationStatus.EXPIRED:
        require_seat_to_invite()
    AGAIN.require(
        str(invitation.id), detail=_("This invitation was sent again often. Go on later.")
    )
    invitations_count(actor)
    expires_at = rules.expiry(invitation.organization)
    invitation.nonce, invitation.expires_at, invitation.sent_at = uuid7(), expires_at, None
    if actor.member_id is not None and actor.member_id != invitation.invited_by_id:
        invitation.invited_by = Member.objects.get(id=actor.member_id)
    invitation.save(update_fields=["nonce", "expires_at", "sent_at", "invited_by", "updated_at"])
    publish(MemberInvited(invitation_id=invitation.id, email=invitation.email), actor=actor)
    return invitation


@transaction.atomic
def invitation_revoke(*, actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Take an invitation back. Publishes organizations.invitation_revoked."""
    actor = tree_kept(actor)
    invitation = _lock_open(actor, invitation_id)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at", "updated_at"])
    publish(InvitationRevoked(invitation_id=invitation.id, email=invitation.email), actor=actor)
    return invitation


def invitation_sent(*, invitation_id: uuid.UUID, nonce: uuid.UUID) -> None:
    """Note that the mail for this link left."""
    Invitation.objects.filter(id=invitation_id, nonce=nonce).update(sent_at=timezone.now())


@dataclass(frozen=True, slots=True)
class InvitationOffer:
    """An invitation as the holder of its link sees it. problem: why it can't be accepted, or ""."""

    tenant: Tenant
    invitation: Invitation
    invited_by: str
    role_names: list[str]
    problem: str


def invitation_open(token: str) -> InvitationOffer:
    """What a link offers. Raises NotFound for a token that we did not sign or whose tenant is gone."""
    tenant, invitation_id, nonce = _token_tenant(token)
    with tenant_context(tenant):
        invitation = (
            Invitation.objects.select_related("invited_by", "organization")
            .filter(id=invitation_id)
            .first()
        )
        if invitation is None:
            raise NotFound
        roles = list(Role.objects.filter(id__in=invitation.role_ids))
        by = invitation.invited_by
        return InvitationOffer(
            tenant,
            invitation,
            by.name if by else "",
            [role.name for role in roles],
            _problem(invitation, nonce, roles),
        )


@transaction.atomic
def invitation_accept(*, person: Person, token: str) -> tuple[Tenant, Member]:
    """Join the tenant, once. Locks the invitation. Publishes organizations.member_joined and
    invitation_accepted.

    Nobody comes in by an invitation that its inviter could not make any more: they are no active member, may
    not invite there, or hold less than the roles allow now. Somebody else can send it again. Raises
    NotFound (not our token), PermissionDenied (meant for another address), Gone (used, revoked, expired,
    replaced or void).
    """
    tenant, invitation_id, nonce = _token_tenant(token)
    with tenant_context(tenant):
        tree_keep()
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("organization")
            .filter(id=invitation_id)
            .first()
        )
        if invitation is None:
            raise NotFound
        if invitation.email.casefold() != person.email.casefold():
            raise PermissionDenied(
                _("This invitation is for another e-mail address. Sign in with that one."),
                code="invitation_for_another",
            )
        roles = list(Role.objects.filter(id__in=invitation.role_ids))
        problem = _problem(invitation, nonce, roles)
        if problem:
            raise Gone(PROBLEMS[problem], code=f"invitation_{problem}")
        actor = Actor(
            ActorKind.PERSON, person.email, person_id=person.id, tenant_id=require_tenant().id
        )
        member = member_join(
            actor=actor,
            person=person,
            organization=invitation.organization,
            roles=roles,
        )
        invitation.accepted_at, invitation.member = timezone.now(), member
        invitation.save(update_fields=["accepted_at", "member", "updated_at"])
        publish(
            InvitationAccepted(
                invitation_id=invitation.id, member_id=member.id, email=invitation.email
            ),
            actor=actor,
        )
        return tenant, member


PROBLEMS = {
    "accepted": _("This invitation was accepted already."),
    "revoked": _("This invitation was taken back. Ask for a new one."),
    "expired": _("This invitation has expired. Ask for a new one."),
    "replaced": _("A newer invitation was sent. Use the link in the latest e-mail."),
    "archived": _("Where you were invited to is archived. Ask somebody there."),
    "void": _("Whoever invited you may no longer do so. Ask somebody else there to send it again."),
}


def _problem(invitation: Invitation, nonce: uuid.UUID, roles: list[Role]) -> str:
    """Why the entered tenant's invitation cannot be accepted, one of PROBLEMS, or "". One statement."""
    if invitation.status != InvitationStatus.PENDING:
        return str(invitation.status)
    if invitation.nonce != nonce:
        return "replaced"
    if invitation.organization.is_archived:
        return "archived"
    return "" if _could_be_made(invitation, roles) else "void"


def _could_be_made(invitation: Invitation, roles: list[Role]) -> bool:
    """Whether its inviter could make it now. Without one the platform did."""
    if not roles:
        return False
    if invitation.invited_by_id is None:
        return True
    inviter = actor_of_member(invitation.invited_by_id)
    if inviter is None or not allows(inviter, p.INVITE_MEMBER, invitation.organization):
        return False
    try:
        for role in roles:
            check_holds(inviter, role, invitation.organization)
    except PermissionDenied:
        return False
    return True


def _token_tenant(token: str) -> tuple[Tenant, uuid.UUID, uuid.UUID]:
    tenant_id, invitation_id, nonce = token_read(token)
    tenant = tenant_by_id(tenant_id)
    if tenant is None or not tenant.is_ready:
        raise NotFound
    if unavailable := tenant.unavailable:
        raise unavailable
    return tenant, invitation_id, nonce


def _lock_open(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """An invitation that is neither accepted nor revoked, locked. Raises NotFound, Conflict."""
    visible = invitation_for(actor, invitation_id)
    authorize(actor, p.INVITE_MEMBER, visible.organization)
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("organization", "invited_by")
        .get(id=visible.id)
    )
    if invitation.status in (InvitationStatus.ACCEPTED, InvitationStatus.REVOKED):
        raise Conflict(_("This invitation is closed."), code="invitation_closed")
    return invitation


def _close_expired(email: str) -> None:
    now = timezone.now()
    Invitation.objects.filter(
        email__iexact=email, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__lte=now
    ).update(revoked_at=now)


def email_validate(email: str) -> str:
    """As addresses are stored. Raises InvalidInput."""
    email = email.strip().lower()
    try:
        validate_email(email)
        validate_printable(email)
    except ValidationError as error:
        raise InvalidInput.field("email", _("Enter a valid e-mail address."), "invalid") from error
    if len(email) > 254:
        raise InvalidInput.field("email", _("Use at most 254 characters."), "max_length")
    return email
