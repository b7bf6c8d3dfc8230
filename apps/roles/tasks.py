import uuid
from smtplib import SMTPException

import structlog
from celery import shared_task

from apps.common.tasks import TenantTask, in_each_tenant, queue_in_batches
from apps.roles.mails import expiry_notice
from apps.roles.services import api_keys_announce_expiry, api_keys_prune
from apps.tenants.selectors import tenant_ids_ready

log = structlog.get_logger(__name__)


@shared_task(name="roles.tend_api_keys")
def tend_api_keys() -> None:
    """Queue all tenants."""
    queue_in_batches(tend_api_keys_of, tenant_ids_ready())


@shared_task(name="roles.tend_api_keys_of")
def tend_api_keys_of(tenant_ids: list[str]) -> None:
    """Announce and prune."""
    in_each_tenant(tenant_ids, _tend)


def _tend() -> None:
    api_keys_announce_expiry()
    api_keys_prune()


@shared_task(
    base=TenantTask,
    name="roles.send_expiry_notice",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=2,
    retry_backoff_max=300,
    max_retries=8,
)
def send_expiry_notice(*, tenant_id: str, api_key_id: str) -> None:
    """Send the mail, if somebody still needs it."""
    mail = expiry_notice(uuid.UUID(api_key_id))
    if mail is None:
        log.info("roles.expiry_notice_skipped", api_key_id=api_key_id)
        return
    mail.send()
