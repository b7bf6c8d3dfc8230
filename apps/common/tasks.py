"""The base of every Celery task. A task that names a tenant runs inside it, or not at all."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import DatabaseError

from apps.common import write_behind
from apps.common.database import statement_limit, system_connection
from apps.common.tenancy import (
    TenantInMaintenance,
    TenantNotReady,
    TenantNotRunnable,
    runnable_tenant,
    tenant_context,
)

log = structlog.get_logger(__name__)

# Waiting for a tenant that is being made: 1, 2, 4, ... seconds, about four minutes in all.
MAX_WAITS = 8
MAINTENANCE_PAUSE_S = 60
# Counts them in the message: they are no retries, which a task has for failures of its own.
WAITS_HEADER = "wrapper_waits"

# So many that a task over them ends well within its time limit, at some 10 ms each.
TENANTS_AT_ONCE = 100

Refused = Callable[[str, list[Any], dict[str, Any], str], None]
# Where refused tasks are kept is a table of the events app, a layer above.
_record_refused: Refused | None = None


def set_refusal_recorder(recorder: Refused) -> None:
    """Called once by the events app: keeps a task (name, args, kwargs) and why it was refused."""
    global _record_refused  # noqa: PLW0603 - set once at start
    _record_refused = recorder


class PlatformTask(Task):
    """Default task class: runs as the system, in no tenant, even where the caller's thread had one.

    No statement takes longer than DATABASE_TASK_STATEMENT_TIMEOUT_MS, unless within `statement_limit`.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tenant_context(None), system_connection(), _limited():
            return self.run(*args, **kwargs)


class TenantTask(PlatformTask):
    """`@shared_task(base=TenantTask)`: requires the keyword `tenant_id` and enters that tenant.

    Where it is missing, unknown, deleted, archived or suspended, the work does not start: the task is kept
    as a dead task, for staff to see and send again, and TenantNotRunnable is raised. A tenant that is not
    ready yet or in maintenance is waited for. Not in a signal: Celery swallows what those raise.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with tenant_context(None), system_connection():
                ref = runnable_tenant(_tenant_id(self.name, kwargs))
        except TenantInMaintenance:
            return self._send_later(args, kwargs, self._waits, MAINTENANCE_PAUSE_S)
        except TenantNotReady as error:
            if self._waits < MAX_WAITS:
                return self._send_later(args, kwargs, self._waits + 1, 2**self._waits)
            self._refuse(args, kwargs, error)
            raise
        except TenantNotRunnable as error:
            self._refuse(args, kwargs, error)
            raise
        with tenant_context(ref), _limited():
            return self.run(*args, **kwargs)

    @property
    def _waits(self) -> int:
        return int((self.request.headers or {}).get(WAITS_HEADER, 0))

    def _send_later(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], waits: int, countdown_s: int
    ) -> None:
        """Another message, before this one is acknowledged: a task may come twice, and is never lost."""
        self.apply_async(  # type: ignore[call-arg]  # the stubs lack `retries`
            args,
            kwargs,
            countdown=countdown_s,
            retries=self.request.retries,
            headers={WAITS_HEADER: str(waits)},
        )

    def _refuse(self, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> None:
        log.warning("task.refused", task_name=self.name, reason=str(error))
        if _record_refused is not None:
            with tenant_context(None), system_connection():
                _record_refused(self.name, list(args), kwargs, str(error))


def queue_in_batches(task: Task, ids: Iterable[uuid.UUID], at_once: int = TENANTS_AT_ONCE) -> None:
    """Queue the task for all of them, so many at a time. Its only argument is a list of ids."""
    texts = [str(one) for one in ids]
    for start in range(0, len(texts), at_once):
        task.delay(texts[start : start + at_once])


def in_each_tenant(tenant_ids: Iterable[str], act: Callable[[], object]) -> None:
    """In one tenant after another. One that cannot be entered, or where it fails, is left for next time."""
    for tenant_id in tenant_ids:
        try:
            with tenant_context(runnable_tenant(uuid.UUID(tenant_id))):
                act()
        except (TenantNotRunnable, DatabaseError) as error:
            log.warning("task.tenant_passed_over", passed_tenant_id=tenant_id, reason=str(error))


def _limited() -> AbstractContextManager[None]:
    return statement_limit(settings.DATABASE_TASK_STATEMENT_TIMEOUT_MS)


def _tenant_id(task_name: str, kwargs: dict[str, Any]) -> uuid.UUID:
    given = kwargs.get("tenant_id")
    if not given:
        raise TenantNotRunnable(f"{task_name} was sent without tenant_id")
    try:
        return uuid.UUID(str(given))
    except ValueError:
        raise TenantNotRunnable(f"{task_name} was sent with tenant_id {given!r}") from None


@shared_task(name="common.flush_notes")
def flush_notes() -> None:
    """Queue the tenants of which something was noted."""
    queue_in_batches(flush_notes_of, write_behind.tenants_waiting())


@shared_task(name="common.flush_notes_of")
def flush_notes_of(tenant_ids: list[str]) -> None:
    """Write to the database what was noted in Redis."""
    in_each_tenant(tenant_ids, write_behind.write_all)
