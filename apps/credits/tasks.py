from celery import shared_task

from apps.common.tasks import in_each_tenant, queue_in_batches
from apps.credits.services import budgets_begin_period
from apps.credits.upkeep import expire, prune
from apps.tenants.selectors import tenant_ids_ready


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
