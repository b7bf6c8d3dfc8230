from celery import shared_task

from apps.common.tasks import in_each_tenant, queue_in_batches
from apps.credits.services import budgets_begin_period
from apps.tenants.selectors import tenant_ids_ready


@shared_task(name="credits.begin_budget_periods")
def begin_budget_periods() -> None:
    """Queue all tenants."""
    queue_in_batches(begin_budget_periods_of, tenant_ids_ready())


@shared_task(name="credits.begin_budget_periods_of")
def begin_budget_periods_of(tenant_ids: list[str]) -> None:
    """Allocate anew where a month or a quarter began."""
    in_each_tenant(tenant_ids, budgets_begin_period)
