import uuid
from smtplib import SMTPException

import structlog
from celery import shared_task
from django.db import DatabaseError

from apps.common.tasks import TenantTask
from apps.common.tenancy import TenantNotRunnable, runnable_tenant, tenant_context
from apps.roles.mails import expiry_notice
from apps.roles.services import api_keys_announce_expiry, api_keys_prune
from apps.tenants.selectors import tenant_ids_ready

log = structlog.get_logger(__name__)

TENANTS_AT_ONCE = 100


@shared_task(name="roles.tend_api_keys")
def tend_api_keys() -> None:
    """Queue all tenants, so many to a task that it ends within its time limit: some 10 ms each."""
    ids = [str(tenant_id) for tenant_id in tenant_ids_ready()]
    for start in range(0, len(ids), TENANTS_AT_ONCE):
        tend_api_keys_of.delay(ids[start : start + TENANTS_AT_ONCE])


@shared_task(name="roles.tend_api_keys_of")
def tend_api_keys_of(tenant_ids: list[str]) -> None:
    """Announce and prune, tenant by tenant. One that cannot be entered, or fails, is left for next time."""
    for tenant_id in tenant_ids:
        try:
            with tenant_context(runnable_tenant(uuid.UUID(tenant_id))):
                api_keys_announce_expiry()
                api_keys_prune()
        except (TenantNotRunnable, DatabaseError) as error:
            log.warning("roles.api_keys_not_tended", tended_tenant_id=tenant_id, reason=str(error))


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
