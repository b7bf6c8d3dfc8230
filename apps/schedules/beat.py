"""The scheduler of `celery beat`: schedules are rows, and each run belongs to whoever claims the row.

Start as many as you like. There is no leader whose lock has to be noticed as lost: a process that is killed,
frozen or cut off holds nothing but the claim of the one task that it is about to send, for LEASE_S
(docs/adr/0026-claim-schedules-row-by-row.md).
"""

from typing import Any

import structlog
from celery.beat import Scheduler
from django.db import InterfaceError, OperationalError, close_old_connections
from kombu.exceptions import OperationalError as BrokerError

from apps.common.database import system_connection
from apps.schedules.declared import declared
from apps.schedules.models import Schedule
from apps.schedules.outcomes import HEADER
from apps.schedules.selectors import schedules_due
from apps.schedules.services import schedule_claim, schedule_sent, schedules_sync

log = structlog.get_logger(__name__)

TICK_S = 1
# Longer than sending takes; a run that a killed process had claimed comes so much later.
LEASE_S = 10


class DatabaseScheduler(Scheduler):
    """Sends each due task at least once, and once while nobody dies."""

    max_interval = TICK_S
    _is_synced = False

    def setup_schedule(self) -> None:
        """Nothing to be kept in this process; rows are made by the first tick that reaches the database."""

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Send what is due; returns the seconds until the next look. One statement when nothing is."""
        close_old_connections()
        try:
            with system_connection():
                if not self._is_synced:
                    schedules_sync()
                    self._is_synced = True
                for schedule in schedules_due():
                    self._send(schedule)
        except (OperationalError, InterfaceError) as error:
            log.warning("beat.database_unavailable", reason=str(error))
        return self.max_interval

    def _send(self, schedule: Schedule) -> None:
        if not schedule_claim(schedule, LEASE_S):
            return
        one = declared()[schedule.name]
        try:
            self.app.send_task(one.task, headers={HEADER: schedule.name}, **one.options)
        except BrokerError as error:
            # Tried again when the claim is over.
            log.warning("beat.not_sent", schedule=schedule.name, reason=str(error))
            return
        schedule_sent(schedule)
        log.info("beat.sent", schedule=schedule.name, task_name=one.task)

    @property
    def info(self) -> str:
        return "    . schedules -> database"
