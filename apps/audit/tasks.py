import structlog
from celery import shared_task
from django.db import DatabaseError

from apps.audit.retention import chain_tend
from apps.tenants.selectors import tenants_with_schema
from apps.trail.archives import ChainBroken
from apps.trail.chains import PLATFORM_CHAIN
from apps.trail.checkpoints import checkpoint_make

log = structlog.get_logger(__name__)

TENANTS_AT_ONCE = 50


@shared_task(name="audit.tend_chains")
def tend_chains() -> None:
    """Sign the platform's chain, and queue all tenants', so many to a task."""
    checkpoint_make(PLATFORM_CHAIN)
    ids = [str(one) for one in tenants_with_schema().order_by("id").values_list("id", flat=True)]
    for start in range(0, len(ids), TENANTS_AT_ONCE):
        tend_chains_of.delay(ids[start : start + TENANTS_AT_ONCE])


@shared_task(name="audit.tend_chains_of")
def tend_chains_of(tenant_ids: list[str]) -> None:
    """Checkpoint and archive, tenant by tenant. One whose chain is broken stays as it is, for a person."""
    for tenant in tenants_with_schema().filter(id__in=tenant_ids):
        try:
            chain_tend(tenant.ref)
        except ChainBroken:
            log.exception("audit.chain_broken", tended_tenant_id=str(tenant.id))
        except DatabaseError as error:
            log.warning("audit.not_tended", tended_tenant_id=str(tenant.id), reason=str(error))
