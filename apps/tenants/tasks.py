import uuid

from celery import shared_task

from apps.tenants import pool, provisioning, selectors


@shared_task(name="tenants.provision")
def provision(tenant_id: str) -> None:
    """Not a TenantTask: the tenant is not ready before this has run."""
    provisioning.provision(uuid.UUID(tenant_id))


@shared_task(name="tenants.resume_provisioning")
def resume_provisioning() -> None:
    """Find what a crash left half made, or what failed and is due again."""
    for tenant in selectors.tenants_to_provision()[:100]:
        provision.delay(str(tenant.id))


@shared_task(name="tenants.purge_due")
def purge_due() -> None:
    for tenant in selectors.tenants_to_purge()[:10]:
        provisioning.purge(tenant.id)


@shared_task(name="tenants.refill_pool")
def refill_pool() -> None:
    """Every now and then, and after each workspace that was asked for."""
    pool.pool_refill()
