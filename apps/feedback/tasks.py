from celery import shared_task

from apps.common.tasks import in_each_tenant, queue_in_batches
from apps.feedback.services import prompts_expire
from apps.tenants.selectors import tenant_ids_ready


@shared_task(name="feedback.expire_prompts")
def expire_prompts() -> None:
    """Queue all tenants."""
    queue_in_batches(expire_prompts_of, tenant_ids_ready())


@shared_task(name="feedback.expire_prompts_of")
def expire_prompts_of(tenant_ids: list[str]) -> None:
    """Close the questions that nobody answered."""
    in_each_tenant(tenant_ids, prompts_expire)
