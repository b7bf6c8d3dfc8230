"""How long entries stay in the table, before they are moved to archives: the plan says."""

from datetime import timedelta

import structlog
from django.utils import timezone

from apps.audit.chains import chain_of
from apps.audit.entitlements import RETENTION
from apps.common import entitlements
from apps.common.tenancy import TenantRef
from apps.trail.archives import archive_step
from apps.trail.checkpoints import checkpoint_make

log = structlog.get_logger(__name__)


def retention_days(tenant: TenantRef) -> int:
    """0: for ever. No statement while what the tenant has is remembered."""
    return entitlements.limit(tenant, RETENTION) or 0


def chain_tend(tenant: TenantRef) -> int:
    """Sign the head of a tenant's chain and archive what is too old; returns how many entries that were.

    Raises ChainBroken.
    """
    chain = chain_of(tenant)
    checkpoint_make(chain)
    days = retention_days(tenant)
    archived = 0
    if days:
        before = timezone.now() - timedelta(days=days)
        while segment := archive_step(chain, before):
            archived += segment.last_seq - segment.first_seq + 1
            log.info("audit.archived", chain=chain.id, file=segment.file)
    return archived
