from celery import shared_task

from apps.common.tasks import in_each_tenant, queue_in_batches
from apps.onboarding import life
from apps.tenants.selectors import tenant_ids_ready


@shared_task(name="onboarding.tend")
def tend() -> None:
    """Queue all tenants."""
    queue_in_batches(tend_of, tenant_ids_ready())


@shared_task(name="onboarding.tend_of")
def tend_of(tenant_ids: list[str]) -> None:
    """Begin what was missed, take up new versions, remind those who stand still."""
    in_each_tenant(tenant_ids, life.tend)
