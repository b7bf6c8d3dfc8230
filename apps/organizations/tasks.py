import uuid
from smtplib import SMTPException

import structlog
from celery import shared_task

from apps.common.tasks import TenantTask
from apps.organizations.enums import InvitationStatus
from apps.organizations.mails import invitation_mail
from apps.organizations.models import Invitation
from apps.organizations.services import invitation_sent

log = structlog.get_logger(__name__)


@shared_task(
    base=TenantTask,
    name="organizations.send_invitation",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=2,
    retry_backoff_max=300,
    max_retries=8,
)
def send_invitation(*, tenant_id: str, invitation_id: str) -> None:
    """Send the mail, once for each link; a mail that was sent or is not wanted any more is not sent."""
    invitation = (
        Invitation.objects.select_related("invited_by").filter(id=uuid.UUID(invitation_id)).first()
    )
    if invitation is None or invitation.sent_at or invitation.status != InvitationStatus.PENDING:
        log.info("invitation.mail_skipped", invitation_id=invitation_id)
        return
    invitation_mail(invitation).send()
    invitation_sent(invitation_id=invitation.id, nonce=invitation.nonce)
