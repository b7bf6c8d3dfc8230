"""The relay process: dispatches when PostgreSQL says that there is something, and looks every second."""

import itertools
import select
import time

import psycopg
import structlog
from django.db import connection

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events.dispatching import dispatch_batch, prepare, trim, verify
from apps.events.processes import Stop, direct_connection, outlive_outages
from apps.events.streams import Writer, all_partitions

log = structlog.get_logger(__name__)

CHANNEL = "outbox"
SWEEP_S = 1.0  # what a lost notification would have told, and whether the streams are still there
TRIM_S = 0.5  # one partition each time, for what waits to be dispatched waits for it
REFRESH_S = 3600.0


def run_relay(stop: Stop) -> None:
    """Dispatch until stopped. Any number may run: each partition's batch is led by one of them."""
    log.info("events.relay_started")
    with tenant_context(None), system_connection():
        outlive_outages(lambda: _serve(stop), stop, "relay")
        connection.close()
    log.info("events.relay_stopped")


def _serve(stop: Stop) -> None:
    writer = Writer()
    try:
        with direct_connection("wrapper-events-relay") as listener:
            listener.execute(f"LISTEN {CHANNEL}")
            refreshed_s = swept_s = trimmed_s = float("-inf")
            to_trim = itertools.cycle(all_partitions())
            while not stop.is_set():
                now_s = time.monotonic()
                if now_s - refreshed_s >= REFRESH_S:
                    groups = prepare(writer)
                    refreshed_s = swept_s = now_s
                elif now_s - swept_s >= SWEEP_S:
                    verify(writer, groups)
                    swept_s = now_s
                if now_s - trimmed_s >= TRIM_S:
                    trim(writer, next(to_trim), groups)
                    trimmed_s = now_s
                while dispatch_batch(writer) and not stop.is_set():
                    pass
                _wait(listener, stop)
    finally:
        writer.close()


def _wait(listener: psycopg.Connection, stop: Stop) -> None:
    """Until a nudge, the sweep's turn or the stop. Nudges that came together count as one."""
    readable, _, _ = select.select([listener.fileno(), stop.fd], [], [], SWEEP_S)
    if listener.fileno() in readable:
        for _nudge in listener.notifies(timeout=0):
            pass
