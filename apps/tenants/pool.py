"""The pool: schemas that are built ahead, one of which a new tenant takes by renaming it.

Optional (TENANT_POOL_SIZE). A worker builds and refills; taking one costs a sign-up a few statements. One
that is not of the template's version is never taken, and is dropped at the next refill.
"""

import uuid
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.expressions import RawSQL
from psycopg import sql

from apps.common.database import system_connection
from apps.common.tenancy import checked_schema_name
from apps.tenants import schemas
from apps.tenants.models import PooledSchema
from apps.tenants.roles import tenant_role_create, tenant_role_drop

log = structlog.get_logger(__name__)

# Advisory lock: one process refills at a time.
REFILL_LOCK = 0x706F_6F6C

# Names of entries that have both a schema and a role: after a restore elsewhere the roles may be missing.
WHOLE_SQL = """
SELECT w.schema_name FROM tenants_pooledschema w
JOIN pg_namespace n ON n.nspname = w.schema_name::name JOIN pg_roles r ON r.rolname = w.schema_name::name
"""
# Two statements, each with a snapshot of its own: the pool is read when the lock is held. While the template
# is migrated nobody takes what it will have left behind.
CLAIM_SQL = f"""
SELECT pg_try_advisory_xact_lock_shared({schemas.TEMPLATE_LOCK});
SELECT p.id, p.schema_name, p.template_version FROM tenants_pooledschema p
WHERE p.template_version = {schemas.TEMPLATE_VERSION_SQL} AND p.schema_name IN ({WHOLE_SQL})
ORDER BY p.id DESC LIMIT 1 FOR UPDATE OF p SKIP LOCKED
"""  # noqa: S608 - constants
# Versions of the template that were found to have all that this release knows. A version is a hash of the
# migrations, so what is true of one once stays true.
_serving: set[str] = set()


@dataclass(frozen=True, slots=True)
class PoolState:
    """How many schemas wait, of the template's version and of others; and how many are wanted."""

    current: int
    stale: int
    wanted: int


def pool_state() -> PoolState:
    """Three statements."""
    found = PooledSchema.objects.count()
    current = PooledSchema.objects.filter(template_version=_version()).count() if found else 0
    return PoolState(current, found - current, settings.TENANT_POOL_SIZE)


def pool_claim(schema_name: str) -> bool:
    """Make a pre-built schema and its role the tenant's, in the caller's transaction; False: there is none.

    Two round trips, whatever the number of tables and of tenants. Locks one row of the pool, skipping those
    that others take, and shares TEMPLATE_LOCK like a clone; it waits for neither.
    """
    if not settings.TENANT_POOL_SIZE or not (_serving or _version()):
        return False
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_SQL)
        (is_locked,) = cursor.fetchone()
        cursor.nextset()
        pooled = cursor.fetchone()
        if (
            not is_locked
            or pooled is None
            or not (pooled[2] in _serving or pooled[2] == _version())
        ):
            return False
        cursor.execute(
            sql.SQL(
                "DELETE FROM tenants_pooledschema WHERE id = {id}; "
                "ALTER SCHEMA {old} RENAME TO {new}; ALTER ROLE {old} RENAME TO {new}"
            ).format(
                id=sql.Literal(pooled[0]),
                old=sql.Identifier(pooled[1]),
                new=sql.Identifier(checked_schema_name(schema_name)),
            )
        )
    return True


@system_connection()
def pool_refill(size: int | None = None) -> tuple[int, int]:
    """Drop what is stale or too much, build what is missing; returns (built, dropped).

    size: how many are wanted; TENANT_POOL_SIZE unless given. Does nothing where another process refills.
    One transaction a schema: what is killed half way leaves no half schema.
    """
    wanted = settings.TENANT_POOL_SIZE if size is None else size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [REFILL_LOCK])
        if not cursor.fetchone()[0]:
            return 0, 0
        try:
            return _refill(wanted)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [REFILL_LOCK])


def _refill(wanted: int) -> tuple[int, int]:
    version = _version()
    whole = RawSQL(WHOLE_SQL, ())  # noqa: S611 - a constant
    usable = PooledSchema.objects.filter(template_version=version, schema_name__in=whole)
    current = list(usable.order_by("-id"))
    kept = [pooled.id for pooled in current[:wanted]]
    too_many = PooledSchema.objects.exclude(id__in=kept)
    dropped = sum(_drop(pooled.id) for pooled in too_many)
    built = 0
    while version and built < wanted - len(current) and _build():
        built += 1
    if built or dropped:
        log.info("pool.refilled", built=built, dropped=dropped, wanted=wanted)
    return built, dropped


@transaction.atomic
def _build() -> bool:
    """One more schema; False where a clone of the template would not serve this release."""
    name = f"t_pool_{uuid.uuid4().hex[:16]}"
    if schemas.schema_create(name) != "clone":
        transaction.set_rollback(True)
        return False
    tenant_role_create(name)
    PooledSchema.objects.create(schema_name=name, template_version=schemas.template_version())
    return True


@transaction.atomic
def _drop(pooled_id: uuid.UUID) -> bool:
    """False where a sign-up takes it, or has taken it."""
    pooled = PooledSchema.objects.select_for_update(skip_locked=True).filter(id=pooled_id).first()
    if pooled is None:
        return False
    schemas.schema_drop(pooled.schema_name)
    tenant_role_drop(pooled.schema_name)
    pooled.delete()
    return True


def _version() -> str:
    """The template's, if a clone of it serves this release; else one that no schema has."""
    if not schemas.template_covers_release():
        return ""
    version = schemas.template_version()
    _serving.add(version)
    return version
