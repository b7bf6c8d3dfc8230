from apps.events.registry import EventContext, subscribe
from apps.organizations.events import MemberInvited
from apps.organizations.tasks import send_invitation


@subscribe("organizations.member_invited", name="organizations.send_invitation")
def queue_invitation_mail(event: MemberInvited, context: EventContext) -> None:
    send_invitation.delay(tenant_id=str(context.tenant_id), invitation_id=str(event.invitation_id))
