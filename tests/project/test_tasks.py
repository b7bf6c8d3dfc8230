"""What every task is promised, and what it has to keep to."""

import inspect
from typing import Any

from celery import Task
from django.conf import settings

from apps.common.tasks import PlatformTask
from config.celery import app

# Mails about an account may go to an address that nobody has yet. A template's name is no data.
NO_IDS = {
    "accounts.send_email": {"template", "email"},
    "billing.send_notice": {"notice"},
    "credits.send_notice": {"notice"},
    # The turn that it has.
    "notifications.send_due": {"channel", "slot", "token"},
}
# Longer than the visibility timeout, after which a second worker gets them: it sees the first, and leaves.
LONG = {"tenants.export", "tenants.provision"}


def tasks() -> dict[str, Task]:
    app.loader.import_default_modules()
    return {
        name: task
        for name, task in app.tasks.items()
        if not name.startswith(("celery.", "tests.", "benchmarks."))
    }


def is_id(parameter: inspect.Parameter) -> bool:
    if parameter.name.endswith("_ids"):
        return parameter.annotation == list[str]
    return parameter.name.endswith("_id") and parameter.annotation in (str, str | None)


def test_arguments_are_ids() -> None:
    """What a task is about is read when it runs: a queue is neither the place nor the time for data."""
    others = {}
    for name, task in tasks().items():
        parameters = inspect.signature(task.run, eval_str=True).parameters.values()
        if wrong := {one.name for one in parameters if not is_id(one)}:
            others[name] = wrong
    assert others == NO_IDS


def test_nothing_is_lost_with_a_worker() -> None:
    found = tasks()
    assert len(found) > 20
    assert all(task.acks_late and task.reject_on_worker_lost for task in found.values())
    assert all(isinstance(task, PlatformTask) for task in found.values())
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport == "apps.common.fair_queues:Transport"


def test_no_second_worker_gets_a_task_while_the_first_may_be_at_it() -> None:
    """Redis has a task delivered again when it is not acknowledged within the visibility timeout."""
    visibility_s = app.conf.broker_transport_options["visibility_timeout"]
    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < visibility_s
    longer = {name for name, task in tasks().items() if (task.time_limit or 0) >= visibility_s}
    assert longer == LONG


def test_a_retry_waits_for_less_than_the_visibility_timeout() -> None:
    """A message that waits for its time is held, unacknowledged, by a worker."""
    visibility_s = app.conf.broker_transport_options["visibility_timeout"]
    waits: dict[str, Any] = {
        name: getattr(task, "retry_backoff_max", 0) for name, task in tasks().items()
    }
    assert max(waits.values()) < visibility_s
    assert max(task.default_retry_delay for task in tasks().values()) < visibility_s
