import uuid
from smtplib import SMTPException
from typing import Any

import structlog
from celery import shared_task

from apps.common.tasks import TenantTask, in_each_tenant, queue_in_batches
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.mails import invitation_mail, join_decision_mail, join_request_mail
from apps.organizations.models import Invitation, JoinRequest, Member
from apps.organizations.services import bindings_tell, invitation_sent
from apps.tenants.selectors import tenant_ids_ready

log = structlog.get_logger(__name__)

# 2 s doubling to 5 min, below the visibility timeout.
MAIL: dict[str, Any] = {
    "base": TenantTask,
    "autoretry_for": (OSError, SMTPException),
    "retry_backoff": 2,
    "retry_backoff_max": 300,
    "max_retries": 8,
}


@shared_task(name="organizations.send_invitation", **MAIL)
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


@shared_task(name="organizations.send_join_request", **MAIL)
def send_join_request(*, tenant_id: str, join_request_id: str, member_id: str) -> None:
    """Tell somebody who may decide, unless it is decided or they are gone."""
    request = JoinRequest.objects.filter(id=uuid.UUID(join_request_id)).first()
    decider = Member.objects.filter(id=uuid.UUID(member_id), status=MemberStatus.ACTIVE).first()
    if request is None or not request.is_pending or decider is None:
        log.info("join_request.mail_skipped", join_request_id=join_request_id)
        return
    join_request_mail(request, decider).send()


@shared_task(name="organizations.send_join_decision", **MAIL)
def send_join_decision(*, tenant_id: str, join_request_id: str) -> None:
    """Tell the person who asked."""
    request = JoinRequest.objects.filter(id=uuid.UUID(join_request_id)).first()
    if request is None or request.is_pending:
        log.info("join_decision.mail_skipped", join_request_id=join_request_id)
        return
    join_decision_mail(request).send()


@shared_task(name="organizations.tell_of_bindings")
def tell_of_bindings() -> None:
    """Queue all tenants."""
    queue_in_batches(tell_of_bindings_of, tenant_ids_ready())


@shared_task(name="organizations.tell_of_bindings_of")
def tell_of_bindings_of(tenant_ids: list[str]) -> None:
    """Tell of the roles that began or ended."""
    in_each_tenant(tenant_ids, bindings_tell)
