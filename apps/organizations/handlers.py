from apps.accounts.events import PersonUpdated
from apps.accounts.selectors import memberships_of, person_by_id
from apps.common.tenancy import tenant_context
from apps.events.registry import EventContext, subscribe
from apps.organizations.events import MemberInvited
from apps.organizations.services import member_sync_person, root_rename
from apps.organizations.tasks import send_invitation
from apps.tenants.events import TenantRenamed


@subscribe("organizations.member_invited", name="organizations.send_invitation")
def queue_invitation_mail(event: MemberInvited, context: EventContext) -> None:
    send_invitation.delay(tenant_id=str(context.tenant_id), invitation_id=str(event.invitation_id))


@subscribe("tenants.tenant_renamed", name="organizations.rename_root")
def rename_root(event: TenantRenamed, context: EventContext) -> None:
    """The root organization is the workspace itself, and has its name."""
    root_rename(actor=context.actor, name=event.name)


@subscribe("accounts.person_updated", name="organizations.sync_member")
def sync_member(event: PersonUpdated, context: EventContext) -> None:
    """Carry a changed name into every workspace that the person is a member of."""
    person = person_by_id(event.person_id)
    if person is None:
        return
    for membership in memberships_of(person):
        with tenant_context(membership.tenant):
            member_sync_person(person)
