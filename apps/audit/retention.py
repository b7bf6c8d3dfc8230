"""How long entries stay in the table, before they are moved to archives: known by an app above."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from apps.audit.chains import chain_of
from apps.common.tenancy import TenantRef
from apps.trail.archives import archive_step
from apps.trail.checkpoints import checkpoint_make

log = structlog.get_logger(__name__)

RetentionSource = Callable[[TenantRef], int]

_source: RetentionSource | None = None


def set_retention(source: RetentionSource) -> None:
    """Called once by the app that knows, from its AppConfig.ready(): days for a tenant; 0: for ever.

    It is called outside the tenant, by a worker.
    """
    global _source  # noqa: PLW0603 - set once at start
    _source = source


def retention_days(tenant: TenantRef) -> int:
    """The setting's where no app knows better."""
    days: int = settings.AUDIT_RETENTION_DAYS if _source is None else _source(tenant)
    return days


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
