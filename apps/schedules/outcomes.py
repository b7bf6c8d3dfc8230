"""How the runs that a schedule started went: written by the worker, for the console."""

import time
from typing import Any

import structlog
from celery import Task
from celery.signals import task_failure, task_prerun, task_success
from django.db import DatabaseError
from django.utils import timezone

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.schedules.models import Schedule

log = structlog.get_logger(__name__)

# Of the message: the schedule that it was sent by.
HEADER = "wrapper_schedule"
_STARTED = "wrapper_started_s"


@task_prerun.connect(weak=False)
def _started(task: Task, **_rest: Any) -> None:
    if _schedule_of(task):
        setattr(task.request, _STARTED, time.monotonic())


@task_success.connect(weak=False)
def _succeeded(sender: Task, **_rest: Any) -> None:
    _finished(sender, "")


@task_failure.connect(weak=False)
def _failed(sender: Task, exception: BaseException, **_rest: Any) -> None:
    _finished(sender, f"{type(exception).__name__}: {exception}"[:2000])


def _finished(task: Task, error: str) -> None:
    name = _schedule_of(task)
    if name is None:
        return
    began_s = getattr(task.request, _STARTED, None)
    took_ms = None if began_s is None else round((time.monotonic() - began_s) * 1000)
    try:
        with tenant_context(None), system_connection():
            Schedule.objects.filter(name=name).update(
                last_finished_at=timezone.now(), last_duration_ms=took_ms, last_error=error
            )
    except DatabaseError as failure:  # the run itself is none the worse for it
        log.warning("schedules.outcome_lost", schedule=name, reason=str(failure))


def _schedule_of(task: Task) -> str | None:
    return (task.request.headers or {}).get(HEADER)
