"""One run at a time: an advisory lock that ends with the connection, so that a kill leaves none."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils.translation import gettext as _

from apps.common.errors import Conflict
from apps.tenants.enums import MigrationStatus
from apps.tenants.fleet.manifest import run_last
from apps.tenants.pooler import pooler_mixes_clients

RUN_LOCK = 0x6D69_6772

HELD_SQL = """
SELECT l.pid FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
HOLDER_SQL = f"""
SELECT a.pid, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
FROM ({HELD_SQL}) l JOIN pg_stat_activity a ON a.pid = l.pid
"""  # noqa: S608 - constants


@contextmanager
def run_lock() -> Iterator[None]:
    """Raises Conflict, saying who holds it, or that a pooler would lend our session to others."""
    if pooler_mixes_clients(connection.get_connection_params()):
        raise Conflict(
            _(
                "The system's login is reached through a pooler that lends connections by transaction. "
                "DATABASE_SYSTEM_URL has to lead to PostgreSQL directly."
            ),
            code="pooled_connection",
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [RUN_LOCK])
        if not cursor.fetchone()[0]:
            raise Conflict(_holder(), code="migration_running")
    try:
        yield
    finally:
        # If the connection is gone, the lock is too.
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])


def run_is_held() -> bool:
    """Whether a run is under way now: one that was killed says so no more. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({HELD_SQL})", [RUN_LOCK])
        return bool(cursor.fetchone()[0])


def _holder() -> str:
    with connection.cursor() as cursor:
        cursor.execute(HOLDER_SQL, [RUN_LOCK])
        row = cursor.fetchone()
    run = run_last()
    who = run.actor if run and run.status == MigrationStatus.RUNNING else _("not known by name")
    backend, since = row or ("?", "?")
    return _(
        "Another migrate_tenants is under way (%(who)s), connected since %(since)s UTC as PostgreSQL "
        "backend %(backend)s. Wait for its end; --report shows how far the tenants are."
    ) % {"who": who, "since": since, "backend": backend}
