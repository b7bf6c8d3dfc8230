from apps.accounts.events import PersonUpdated
from apps.accounts.selectors import memberships_of, person_by_id
from apps.events.registry import EventContext, subscribe
from apps.events.services import publish
from apps.organizations.events import (
    JoinRequestApproved,
    JoinRequestDeclined,
    JoinRequested,
    MemberInvited,
    MemberJoined,
    MemberPersonChanged,
)
from apps.organizations.holders import members_permitted
from apps.organizations.permissions import INVITE_MEMBER
from apps.organizations.services import directory_link, member_sync_person, root_rename
from apps.organizations.tasks import send_invitation, send_join_decision, send_join_request
from apps.tenants.events import TenantRenamed


@subscribe("organizations.member_invited", name="organizations.send_invitation")
def queue_invitation_mail(event: MemberInvited, context: EventContext) -> None:
    send_invitation.delay(tenant_id=str(context.tenant_id), invitation_id=str(event.invitation_id))


@subscribe("tenants.tenant_renamed", name="organizations.rename_root")
def rename_root(event: TenantRenamed, context: EventContext) -> None:
    """The root organization is the workspace itself, and has its name."""
    root_rename(actor=context.actor, name=event.name)


@subscribe("accounts.person_updated", name="organizations.tell_workspaces")
def tell_workspaces(event: PersonUpdated, context: EventContext) -> None:
    """One event for each workspace of the person, so that each is handled, and waited for, by itself."""
    person = person_by_id(event.person_id)
    for membership in memberships_of(person) if person else ():
        if membership.tenant.purge_started_at is None:
            publish(
                MemberPersonChanged(person_id=event.person_id),
                actor=context.actor,
                tenant_id=membership.tenant_id,
            )


@subscribe("organizations.member_person_changed", name="organizations.sync_member")
def sync_member(event: MemberPersonChanged, context: EventContext) -> None:
    """Carry a changed name into the workspace."""
    person = person_by_id(event.person_id)
    if person is not None:
        member_sync_person(person)


@subscribe("organizations.member_joined", name="organizations.link_directory")
def link_directory(event: MemberJoined, context: EventContext) -> None:
    """Who accepts an invitation of the identity provider's becomes the user that it knows."""
    directory_link(actor=context.actor, member_id=event.member_id)


@subscribe("organizations.join_requested", name="organizations.send_join_request")
def queue_join_request_mails(event: JoinRequested, context: EventContext) -> None:
    """One task for each who may let them in, so that a mail that fails repeats no other."""
    for member in members_permitted(INVITE_MEMBER):
        send_join_request.delay(
            tenant_id=str(context.tenant_id),
            join_request_id=str(event.join_request_id),
            member_id=str(member.id),
        )


@subscribe("organizations.join_request_approved", name="organizations.send_join_approval")
def queue_join_approval_mail(event: JoinRequestApproved, context: EventContext) -> None:
    send_join_decision.delay(
        tenant_id=str(context.tenant_id), join_request_id=str(event.join_request_id)
    )


@subscribe("organizations.join_request_declined", name="organizations.send_join_refusal")
def queue_join_refusal_mail(event: JoinRequestDeclined, context: EventContext) -> None:
    send_join_decision.delay(
        tenant_id=str(context.tenant_id), join_request_id=str(event.join_request_id)
    )
