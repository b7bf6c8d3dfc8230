"""One run at a time: an advisory lock that ends with the connection, so that a kill leaves none."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils.translation import gettext as _

from apps.common.errors import Conflict
from apps.tenants.enums import MigrationStatus
from apps.tenants.fleet.manifest import run_last

RUN_LOCK = 0x6D69_6772

HOLDER_SQL = """
SELECT a.pid, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def run_lock() -> Iterator[None]:
    """Raises Conflict, saying who holds it. Of the session: the connection must not be a pooler's."""
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
