import uuid
from smtplib import SMTPException

import structlog
from celery import Task, shared_task
from django.core.cache import caches

from apps.billing.allowances import allowances_due
from apps.billing.errors import StripeUnavailable
from apps.common.actors import Actor
from apps.common.outages import REDIS_OUTAGES
from apps.common.tasks import TenantTask, in_each_tenant, queue_in_batches
from apps.credits.enums import Notice
from apps.credits.mails import notice_mail
from apps.credits.selectors_low import accounts_untold, tenants_to_top_up
from apps.credits.services import budgets_begin_period
from apps.credits.services.alerts import forecast_tell, low_balance_note
from apps.credits.services.allowances import allowance_give
from apps.credits.services.buying import auto_top_up_run
from apps.credits.upkeep import expire, prune
from apps.tenants.selectors import tenant_ids_ready

log = structlog.get_logger(__name__)

ACTOR = Actor.system("credits")
# Tenants of one run; the next one is a minute away.
SWEEP_AT_MOST = 500
# Somebody else works on the customer, or buys already.
BUSY_S = 2
# Longer than an event or a task is tried again.
NOTICE_REMEMBERED_S = 7 * 86_400


@shared_task(name="credits.sweep_allowances")
def sweep_allowances() -> None:
    """What comes with plans and is due: of a new period, or where an event was lost."""
    for tenant_id in allowances_due(SWEEP_AT_MOST):
        allowance_give(actor=ACTOR, tenant_id=tenant_id)


@shared_task(base=TenantTask, name="credits.note_low_balance")
def note_low_balance(*, tenant_id: str, account_id: str) -> None:
    """A spending said that the account is low now. Told once, whoever says it how often."""
    low_balance_note(actor=ACTOR, account_id=uuid.UUID(account_id))


@shared_task(name="credits.sweep_low_balances")
def sweep_low_balances() -> None:
    """Accounts that are low and were not told of; and wallets that a pack is to be bought for still."""
    for tenant_id, account_id in accounts_untold(tenant_ids_ready()):
        note_low_balance.delay(tenant_id=str(tenant_id), account_id=str(account_id))
    for tenant_id in tenants_to_top_up():
        sync_top_up.delay(tenant_id=str(tenant_id))


@shared_task(
    base=TenantTask,
    name="credits.sync_top_up",
    bind=True,
    autoretry_for=(StripeUnavailable,),
    retry_backoff=2,
    max_retries=4,
)
def sync_top_up(self: Task, *, tenant_id: str) -> None:
    """Buy what the auto top-up says, if the wallet is low. What stays undone is found by the sweep."""
    if not auto_top_up_run(actor=ACTOR, tenant_id=uuid.UUID(tenant_id)):
        raise self.retry(countdown=BUSY_S)


@shared_task(name="credits.tell_forecasts")
def tell_forecasts() -> None:
    """Queue all tenants."""
    queue_in_batches(tell_forecasts_of, tenant_ids_ready())


@shared_task(name="credits.tell_forecasts_of")
def tell_forecasts_of(tenant_ids: list[str]) -> None:
    in_each_tenant(tenant_ids, lambda: forecast_tell(actor=ACTOR))


@shared_task(
    name="credits.send_notice",
    autoretry_for=(OSError, SMTPException, *REDIS_OUTAGES),
    retry_backoff=2,
    retry_backoff_max=300,
    max_retries=8,
)
def send_notice(*, notice: str, tenant_id: str, member_id: str | None, told_id: str) -> None:
    """Send the mail, once by told_id and address, if it is still true."""
    cache, sent = caches["global"], f"credits:notice:{notice}:{told_id}:{member_id}"
    mail = notice_mail(
        Notice(notice),
        tenant_id=uuid.UUID(tenant_id),
        member_id=uuid.UUID(member_id) if member_id else None,
    )
    if mail is None or cache.get(sent):
        log.info("credits.notice_skipped", notice=notice, told_id=told_id)
        return
    mail.send()
    cache.set(sent, 1, NOTICE_REMEMBERED_S)


@shared_task(name="credits.expire")
def expire_credits() -> None:
    """Queue all tenants."""
    queue_in_batches(expire_credits_of, tenant_ids_ready())


@shared_task(name="credits.expire_of")
def expire_credits_of(tenant_ids: list[str]) -> None:
    """Give back what is held for too long, and end grants. Both are over to the second without it."""
    in_each_tenant(tenant_ids, expire)


@shared_task(name="credits.prune")
def prune_credits() -> None:
    """Queue all tenants."""
    queue_in_batches(prune_credits_of, tenant_ids_ready())


@shared_task(name="credits.prune_of")
def prune_credits_of(tenant_ids: list[str]) -> None:
    """Forget what says nothing any more."""
    in_each_tenant(tenant_ids, prune)


@shared_task(name="credits.begin_budget_periods")
def begin_budget_periods() -> None:
    """Queue all tenants."""
    queue_in_batches(begin_budget_periods_of, tenant_ids_ready())


@shared_task(name="credits.begin_budget_periods_of")
def begin_budget_periods_of(tenant_ids: list[str]) -> None:
    """Allocate anew where a month or a quarter began."""
    in_each_tenant(tenant_ids, budgets_begin_period)
