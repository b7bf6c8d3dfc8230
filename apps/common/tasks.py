"""The base of every Celery task. A task that names a tenant runs inside it, or not at all."""

import uuid
from typing import Any

from celery import Task

from apps.common.database import system_connection
from apps.common.tenancy import TenantNotRunnable, runnable_tenant, tenant_context


class PlatformTask(Task):
    """Default task class: runs as the system, in no tenant, even where the caller's thread had one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tenant_context(None), system_connection():
            return self.run(*args, **kwargs)


class TenantTask(PlatformTask):
    """`@shared_task(base=TenantTask)`: requires the keyword `tenant_id` and enters that tenant.

    Raises TenantNotRunnable when it is missing, unknown, deleted, suspended or not ready; the work
    does not start. Checked here, not in a signal: Celery swallows what signals raise.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tenant_id = kwargs.get("tenant_id")
        if not tenant_id:
            raise TenantNotRunnable(f"{self.name} was sent without tenant_id")
        with system_connection():
            ref = runnable_tenant(uuid.UUID(str(tenant_id)))
        with tenant_context(ref):
            return self.run(*args, **kwargs)
