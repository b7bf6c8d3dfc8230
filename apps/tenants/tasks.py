import uuid

import structlog
from celery import shared_task

from apps.common.actors import Actor
from apps.common.caching import warmers
from apps.common.errors import PlatformError
from apps.common.outages import OUTAGES
from apps.common.tasks import TenantTask, queue_in_batches
from apps.tenants import pool, provisioning, purging, selectors, selectors_domains
from apps.tenants.exports import jobs
from apps.tenants.models import Tenant
from apps.tenants.services import domain_check

log = structlog.get_logger(__name__)

# For large workspaces. Redis hands a task that takes longer than its visibility timeout to a second worker
# too, which sees that the first is at it and leaves.
COPY_TIME_LIMIT_S = 3600
EXPORT_TIME_LIMIT_S = 4 * 3600
RECHECK_BATCH, RECHECK_AT_MOST = 50, 5000


@shared_task(
    name="tenants.provision",
    soft_time_limit=COPY_TIME_LIMIT_S,
    time_limit=COPY_TIME_LIMIT_S + 60,
)
def provision(tenant_id: str) -> None:
    """Not a TenantTask: the tenant is not ready before this has run."""
    provisioning.provision(uuid.UUID(tenant_id))


def provision_queue(tenant: Tenant) -> None:
    """Queue the worker: a copy may take an hour, and somebody waits for each of the others."""
    provision.apply_async((str(tenant.id),), queue="bulk" if tenant.is_sandbox else "default")


@shared_task(name="tenants.resume_provisioning")
def resume_provisioning() -> None:
    """Find what a crash left half made, or what failed and is due again."""
    for tenant in selectors.tenants_to_provision()[:100]:
        provision_queue(tenant)


@shared_task(name="tenants.purge")
def purge(tenant_id: str) -> None:
    purging.purge(uuid.UUID(tenant_id))


@shared_task(name="tenants.purge_due")
def purge_due() -> None:
    """Begin what is due, and go on with what a worker left."""
    for tenant in selectors.tenants_to_purge()[:100]:
        purge.delay(str(tenant.id))


@shared_task(
    name="tenants.export",
    soft_time_limit=EXPORT_TIME_LIMIT_S,
    time_limit=EXPORT_TIME_LIMIT_S + 60,
)
def export(export_id: str) -> None:
    """Not a TenantTask: suspended tenants are exported too. The job takes the tenant's role itself."""
    jobs.export_run(uuid.UUID(export_id))


@shared_task(name="tenants.sweep_exports")
def sweep_exports() -> None:
    jobs.exports_resume(lambda export_id: export.delay(str(export_id)))
    jobs.exports_expire()


@shared_task(name="tenants.refill_pool")
def refill_pool() -> None:
    """Every now and then, and after each workspace that was asked for."""
    pool.pool_refill()


@shared_task(name="tenants.recheck_domains")
def recheck_domains() -> None:
    """Queue the checks that are due, so many to a task that it ends within its time limit.

    50 looks of at most 5 seconds are 250. What is beyond the limit is due at the next sweep.
    """
    due = selectors_domains.domains_to_recheck().values_list("id", flat=True)
    queue_in_batches(check_domains, due[:RECHECK_AT_MOST], RECHECK_BATCH)


@shared_task(name="tenants.check_domains")
def check_domains(domain_ids: list[str]) -> None:
    """Look for the proof of each domain. One that is gone, or vouched for meanwhile, is passed over."""
    actor = Actor.system("domain-check")
    for domain_id in domain_ids:
        try:
            domain_check(actor=actor, domain_id=uuid.UUID(domain_id))
        except PlatformError as error:
            log.info("tenants.domain_not_checked", domain_id=domain_id, code=error.code)


@shared_task(base=TenantTask, name="tenants.warm_caches")
def warm_caches(*, tenant_id: str) -> None:
    """What apps registered with register_warmer. One that fails holds up none of the others."""
    for name, warm in warmers().items():
        try:
            warm()
        except OUTAGES as error:
            log.warning("tenants.cache_not_warmed", warmer=name, reason=str(error))
