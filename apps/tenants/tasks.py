import uuid

from celery import shared_task

from apps.tenants import provisioning, purging, selectors
from apps.tenants.exports import jobs

# For large workspaces. Redis hands a task that takes longer than its visibility timeout to a second worker
# too, which sees that the first is at it and leaves.
COPY_TIME_LIMIT_S = 3600
EXPORT_TIME_LIMIT_S = 4 * 3600


@shared_task(
    name="tenants.provision",
    soft_time_limit=COPY_TIME_LIMIT_S,
    time_limit=COPY_TIME_LIMIT_S + 60,
)
def provision(tenant_id: str) -> None:
    """Not a TenantTask: the tenant is not ready before this has run."""
    provisioning.provision(uuid.UUID(tenant_id))


@shared_task(name="tenants.resume_provisioning")
def resume_provisioning() -> None:
    """Find what a crash left half made, or what failed and is due again."""
    for tenant in selectors.tenants_to_provision()[:100]:
        provision.delay(str(tenant.id))


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
